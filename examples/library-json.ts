// An answer of the library as JSON of a given form, and how sure the model was of each piece of it.
import { connect } from 'cocoon-node'

await using cocoon = await connect()
const { text, logprobs } = await cocoon.ask('What is a receipt?', {
  responseFormat: {
    jsonSchema: {
      type: 'object',
      properties: { about: { enum: ['money', 'privacy', 'models'] } },
      required: ['about'],
      additionalProperties: false,
    },
  },
  topLogprobs: 0,
})
console.log(JSON.parse(text))
for (const { bytes, logprob } of logprobs ?? []) {
  console.log(`${new TextDecoder().decode(bytes)}\t${(100 * Math.exp(logprob)).toFixed(1)} %`)
}
