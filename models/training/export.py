"""Writes a checkpoint in Hugging Face layout with an 8-bit ONNX graph: python3 export.py MODEL.pt TOKENIZER.json FOLDER [--fp32]

The graph has a growing KV cache and works with right-padded rows of a batch:
  input_ids [batch_size, sequence_length] int64
  attention_mask [batch_size, total_sequence_length] int64; its row sums give the length of each row, new tokens included
  position_ids [batch_size, sequence_length] int64; accepted for compatibility, positions follow from the mask
  past_key_values.N.key|value, present.N.key|value [batch_size, kv_heads, past or total length, head_dim] float32
  logits [batch_size, 1, vocab] float32: the last position of the input only
Weights are symmetric 8-bit integers in blocks of 32 with one float32 scale; the embedding and the output head share
theirs. With --fp32 all weights stay in float32.
"""
import json
import os
import shutil
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from model import load
from tokenizer import SPECIAL

MS = "com.microsoft"
BLOCK = 32
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")


class Graph:
    """Collects nodes and constants; node names are the names of their first outputs."""

    def __init__(self, fp32):
        self.nodes, self.constants, self.fp32 = [], {}, fp32

    def constant(self, name, array):
        if name not in self.constants: self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def add(self, op, inputs, outputs, domain="", **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0] + "/" + op, domain=domain, **attributes))
        return outputs[0]

    def quantised(self, name, w):
        """Adds w [N, K] as uint8 [N, K/32, 32] with zero point 128 and its scales [N * K/32]; returns both names."""
        if name + ".q8" not in self.constants:
            blocks = w.reshape(w.shape[0], -1, BLOCK)
            scale = np.maximum(np.abs(blocks).max(-1, keepdims=True), 1e-8).astype(np.float32) / 127
            self.constant(name + ".q8", (np.round(blocks / scale) + 128).astype(np.uint8))
            self.constant(name + ".scale", scale.reshape(-1).astype(np.float32))
        return name + ".q8", name + ".scale"

    def linear(self, x, name, w, out):
        """x [..., K] times w [N, K] transposed."""
        if self.fp32: return self.add("MatMul", [x, self.constant(name + ".t", w.T)], out)
        q8, scale = self.quantised(name, w)
        return self.add("MatMulNBits", [x, q8, scale], out, MS, K=w.shape[1], N=w.shape[0], bits=8, block_size=BLOCK, accuracy_level=4)

    def embedding(self, ids, name, w, out):
        """Rows of w [V, D] for ids [B, T]; shares the 8-bit weights of the output head."""
        if self.fp32: return self.add("Gather", [self.constant(name, w), ids], out)
        q8, scale = self.quantised(name, w)
        rows = self.add("Cast", [self.add("Gather", [q8, ids], out + "/rows")], out + "/float", to=TensorProto.FLOAT)
        centred = self.add("Sub", [rows, self.constant("zero_point", np.float32(128))], out + "/centred")
        table = self.add("Reshape", [scale, self.constant(name + ".scale_shape", np.array([w.shape[0], w.shape[1] // BLOCK, 1]))], out + "/scales")
        scaled = self.add("Mul", [centred, self.add("Gather", [table, ids], out + "/row_scales")], out + "/scaled")
        return self.add("Reshape", [scaled, self.constant("embedding_shape", np.array([0, 0, w.shape[1]]))], out)


def build(m, fp32=False):
    """The ONNX model of a torch Model."""
    c, g = m.c, Graph(fp32)
    weight = {k: v.detach().numpy() for k, v in m.state_dict().items()}
    cos, sin = g.constant("cos", m.cos.numpy()), g.constant("sin", m.sin.numpy())
    lengths = g.add("ReduceSum", ["attention_mask", g.constant("axis", np.array([1]))], "lengths", keepdims=0)
    seqlens = g.add("Cast", [g.add("Sub", [lengths, g.constant("one", np.int64(1))], "lengths_less_one")], "seqlens_k", to=TensorProto.INT32)
    total = g.add("Gather", [g.add("Shape", ["attention_mask"], "mask_shape"), g.constant("index", np.int64(1))], "total_int64")
    total = g.add("Cast", [total], "total_int32", to=TensorProto.INT32)
    q, kv, scale = c.heads * c.head_dim, c.kv_heads * c.head_dim, 1 / np.sqrt(c.head_dim)
    h = g.embedding("input_ids", "embed", weight["embed"], "hidden")
    for i in range(c.layers):
        p = f"layers.{i}."
        w = {k: weight[f"blocks.{i}.{k}"] for k in ("qkv", "out", "gate_up", "down", "norm1", "norm2")}
        n = g.add("SimplifiedLayerNormalization", [h, g.constant(p + "norm1", w["norm1"])], p + "n1", axis=-1, epsilon=c.eps)
        heads = [g.linear(n, p + name, part, p + name + "_out") for name, part in zip("qkv", np.split(w["qkv"], [q, q + kv]))]
        past = [f"past_key_values.{i}.key", f"past_key_values.{i}.value"]
        a = g.add("GroupQueryAttention", heads + past + [seqlens, total, cos, sin], [p + "attention", f"present.{i}.key", f"present.{i}.value"], MS,
                  num_heads=c.heads, kv_num_heads=c.kv_heads, scale=float(scale), do_rotary=1, rotary_interleaved=0)
        h = g.add("Add", [h, g.linear(a, p + "out", w["out"], p + "attention_out")], p + "h1")
        n = g.add("SimplifiedLayerNormalization", [h, g.constant(p + "norm2", w["norm2"])], p + "n2", axis=-1, epsilon=c.eps)
        gate, up = (g.linear(n, p + name, part, p + name + "_out") for name, part in zip(("gate", "up"), np.split(w["gate_up"], 2)))
        silu = g.add("Mul", [gate, g.add("Sigmoid", [gate], p + "sigmoid")], p + "silu")
        h = g.add("Add", [h, g.linear(g.add("Mul", [silu, up], p + "gated"), p + "down", w["down"], p + "down_out")], p + "h2")
    last = g.add("Gather", [h, g.constant("last_index", np.array([-1]))], "last_hidden", axis=1)
    n = g.add("SimplifiedLayerNormalization", [last, g.constant("norm", weight["norm"])], "last_normed", axis=-1, epsilon=c.eps)
    g.linear(n, "embed", weight["embed"], "logits")
    i64, f32 = TensorProto.INT64, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info(n, i64, ["batch_size", s]) for n, s in
              (("input_ids", "sequence_length"), ("attention_mask", "total_sequence_length"), ("position_ids", "sequence_length"))]
    outputs = [helper.make_tensor_value_info("logits", f32, ["batch_size", 1, c.vocab])]
    for i in range(c.layers):
        for t in ("key", "value"):
            inputs.append(helper.make_tensor_value_info(f"past_key_values.{i}.{t}", f32, ["batch_size", c.kv_heads, "past_sequence_length", c.head_dim]))
            outputs.append(helper.make_tensor_value_info(f"present.{i}.{t}", f32, ["batch_size", c.kv_heads, "total_sequence_length", c.head_dim]))
    graph = helper.make_graph(g.nodes, "cocoon_demo", inputs, outputs, list(g.constants.values()))
    model = helper.make_model(graph, producer_name="cocoon", opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)])
    model.ir_version = 8
    return model


def main():
    m, folder = load(sys.argv[1]), sys.argv[3]
    fp32, c = "--fp32" in sys.argv, m.c
    os.makedirs(folder + "/onnx", exist_ok=True)
    data = build(m, fp32).SerializeToString(deterministic=True)
    with open(folder + "/onnx/model.onnx", "wb") as f: f.write(data)
    shutil.copy(sys.argv[2], folder + "/tokenizer.json")

    def dump(name, value):
        with open(f"{folder}/{name}", "w") as f: f.write(json.dumps(value, indent=2) + "\n")

    special = {"bos_token": SPECIAL[1], "eos_token": SPECIAL[2], "pad_token": SPECIAL[0]}
    dump("config.json", dict(architectures=["LlamaForCausalLM"], model_type="llama", vocab_size=c.vocab, hidden_size=c.dim, intermediate_size=c.hidden,
         num_hidden_layers=c.layers, num_attention_heads=c.heads, num_key_value_heads=c.kv_heads, head_dim=c.head_dim, rms_norm_eps=c.eps, rope_theta=c.theta,
         max_position_embeddings=c.positions, tie_word_embeddings=True, hidden_act="silu", attention_bias=False, mlp_bias=False, bos_token_id=1, eos_token_id=2, pad_token_id=0, torch_dtype="float32"))
    dump("generation_config.json", dict(bos_token_id=1, eos_token_id=2, pad_token_id=0, do_sample=False, max_new_tokens=300))
    dump("tokenizer_config.json", dict(tokenizer_class="PreTrainedTokenizerFast", **special, additional_special_tokens=[], model_max_length=c.positions, add_bos_token=False,
         clean_up_tokenization_spaces=False, chat_template=TEMPLATE))
    dump("special_tokens_map.json", special)
    print(folder, "onnx/model.onnx", len(data), "bytes")


if __name__ == "__main__":
    main()
