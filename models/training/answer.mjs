// Asks the exported model and prints how many answers are as wanted: node answer.mjs FOLDER CASES.json [ANSWERS.json]
// CASES.json comes from `evaluate.py --cases`. Needs onnxruntime-node, @huggingface/tokenizers and @huggingface/jinja
// in the working directory's node_modules.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.cwd()}/`));
const ort = require('onnxruntime-node');
const { Tokenizer } = require('@huggingface/tokenizers');
const { Template } = require('@huggingface/jinja');
const [, , folder, casesFile, answersFile] = process.argv;
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const config = read('config.json');
const tokenizerConfig = read('tokenizer_config.json');
const tokenizer = new Tokenizer(read('tokenizer.json'), tokenizerConfig);
const template = new Template(tokenizerConfig.chat_template);
const session = await ort.InferenceSession.create(`${folder}/onnx/model.onnx`, { intraOpNumThreads: 1, executionProviders: ['cpu'] });
const int64 = (list) => new ort.Tensor('int64', BigInt64Array.from(list, BigInt), [1, list.length]);

/** Greedy continuation of a prompt: prefill, then one token per run with the cache of the run before. */
async function generate(prompt, tokensMax = 300) {
  const out = [];
  let ids = prompt;
  let past = null;
  let total = 0;
  while (out.length < tokensMax) {
    total += ids.length;
    const feeds = { input_ids: int64(ids), attention_mask: int64(Array(total).fill(1)), position_ids: int64(ids.map((_, i) => total - ids.length + i)) };
    for (let layer = 0; layer < config.num_hidden_layers; layer++)
      for (const part of ['key', 'value'])
        feeds[`past_key_values.${layer}.${part}`] = past?.[`present.${layer}.${part}`] ?? new ort.Tensor('float32', new Float32Array(0), [1, config.num_key_value_heads, 0, config.head_dim]);
    past = await session.run(feeds);
    const next = past.logits.data.reduce((best, value, i, all) => (value > all[best] ? i : best), 0);
    if (next === config.eos_token_id) break;
    out.push(next);
    ids = [next];
  }
  return out;
}

const results = [];
const started = performance.now();
let tokens = 0;
for (const { kind, id, chat, want } of JSON.parse(readFileSync(casesFile, 'utf8'))) {
  const messages = chat.map(([role, content]) => ({ role, content }));
  const prompt = tokenizer.encode(template.render({ messages, add_generation_prompt: true }), { add_special_tokens: false }).ids;
  const ids = await generate(prompt);
  tokens += ids.length;
  results.push({ kind, id, question: chat.at(-1)[1], want, got: tokenizer.decode(ids), prompt, ids });
}
const exact = results.filter((r) => r.got === r.want).length;
console.log(`${exact} of ${results.length} answers are the canonical text; ${tokens} tokens, ${((tokens * 1000) / (performance.now() - started)).toFixed(0)} tokens/s prefill included`);
if (answersFile) writeFileSync(answersFile, JSON.stringify(results));
