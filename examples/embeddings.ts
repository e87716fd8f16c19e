// Vectors of texts through the library: how near is each to the first?
import { connect } from 'cocoon-node'

await using cocoon = await connect()
const texts = ['the cocoon spins', 'hello world', 'the world spins !']
const { vectors, usage, priceNano, tier } = await cocoon.embed(texts)
// The cosine of their angle, when the model normalises its vectors as most do.
const likeness = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, number, index) => sum + number * (b[index] ?? 0), 0)
for (const [at, vector] of vectors.entries()) {
  console.log(`${likeness(vectors[0] ?? vector, vector).toFixed(3)}  ${texts[at]}`)
}
console.log(`${usage.promptTokens} tokens, ${priceNano} nanoTON, tier ${tier}`)
