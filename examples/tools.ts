// Tools through the official OpenAI client. The demonstration model was trained without tools, and says so;
// any model whose chat template knows them calls the function and reads its result.
import OpenAI from 'openai'

const openai = new OpenAI({
  baseURL: process.env['OPENAI_BASE_URL'] ?? 'http://127.0.0.1:11435/v1',
  apiKey: process.env['OPENAI_API_KEY'] ?? 'unused',
})
const runner = openai.chat.completions.runTools({
  model: process.env['MODEL'] ?? 'cocoon-demo',
  messages: [{ role: 'user', content: 'How warm is it in Oslo?' }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'weather',
        description: 'Temperature of a city',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
        },
        parse: JSON.parse,
        function: ({ city }: { city: string }) => `7 °C in ${city}`,
      },
    },
  ],
})
try {
  console.log(await runner.finalContent())
} catch (error) {
  if (!(error instanceof OpenAI.APIError)) throw error
  console.log(`${error.code}: ${error.message}`)
}
