"""What the demonstration model knows: one canonical answer per fact, the long texts, and the fixed replies.

`python3 facts.py` writes facts.json, the list by which tests grade the model. It leaves the answers and the wordings
of the generator out, so that somebody can write test questions from it without having read either.
"""
import json

# id: (subject in neutral words, required words: every inner list needs one hit, canonical answer)
FACTS = {
    "what": ("what Cocoon is", [["confidential compute network"]],
        "Cocoon is a confidential compute network for AI. GPU owners sell answers from protected hardware, app developers buy them, and every peer runs the same program."),
    "coordinator": ("who controls or operates the network", [["no central server"], ["no company"]],
        "Nobody is in charge: there is no coordinator, no company and no central server in the middle. The peers find each other and agree directly."),
    "privacy": ("who can read prompts and answers; logging", [["only you can read"]],
        "Only you can read your prompt and the answer. The owner of the GPU, relays and gateways see sealed data, and prompts are never logged."),
    "tee": ("meaning of a TEE or enclave", [["trusted execution environment"], ["memory"]],
        "A TEE, or trusted execution environment, is a protected part of a machine. The processor encrypts its memory, so that even the owner cannot look inside."),
    "hardware": ("TEE hardware that is supported", [["TDX"], ["SEV-SNP"]],
        "Cocoon supports Intel TDX and AMD SEV-SNP, and it also checks NVIDIA GPU evidence. A software enclave exists for testnets only."),
    "attestation": ("how a provider proves itself; the verdict", [["hardware quote"], ["verdict"]],
        "Before any prompt is sent, the provider proves its hardware and its code with a signed hardware quote. The client checks each step and shows the result as a verdict."),
    "encryption": ("cryptography that protects prompts", [["HPKE"]],
        "Prompts are sealed with HPKE to a key inside the enclave, with a post-quantum hybrid of ML-KEM and X25519. Noise protects the connection around it."),
    "tiers": ("the assurance tiers", [["confidential"], ["simulated"], ["open"]],
        "There are three tiers: confidential is verified hardware, simulated is a software enclave for testnets, and open has no enclave. The tier is always shown."),
    "spotcheck": ("provider secretly serving a different model", [["spot check"]],
        "A spot check finds a swapped model: the client asks another provider for the same work again and compares the results, so a cheap substitute is caught."),
    "currency": ("coin used for payments", [["The Open Network"]],
        "Payments are made in TON, the coin of The Open Network. The whole settlement runs on that blockchain."),
    "price": ("how prices are set and counted", [["per million tokens"]],
        "Every provider sets its own price in nanoTON per million tokens, for prompt, cached and completion tokens. Your client picks a good offer under your price cap."),
    "voucher": ("meaning of a voucher", [["voucher"], ["total amount paid so far"]],
        "A voucher is a small signed note that states the total amount paid so far in a channel. The client signs a new one before each chunk of tokens."),
    "channel": ("payment channel and its deposit", [["payment channel"], ["deposit"]],
        "A payment channel is a contract on TON between one client and one provider. It holds the deposit of the client, and what is not spent comes back when it closes."),
    "loss": ("most money a cheated side loses", [["one and a half chunks"]],
        "At most one and a half chunks of tokens are at risk on either side. Work is prepaid in small steps, so a cheater cannot take more than that."),
    "receipt": ("content of a receipt", [["digests"], ["both signatures"]],
        "A receipt is a record of one answer: digests, token counts, the price and both signatures. Its Merkle root is anchored on the chain and it does not reveal the text."),
    "verify": ("command that checks a receipt", [["cocoon receipts verify"]],
        "Type cocoon receipts verify and the name of the file. It checks signatures and proofs offline, and you need to trust no third party."),
    "failover": ("provider disappearing during an answer", [["next verified provider"]],
        "Your answer goes on: the client moves to the next verified provider and continues from the tokens it already has. You see one stream without a gap."),
    "provider": ("earning with a GPU; starting a provider", [["cocoon up"]],
        "Run cocoon up on the machine with the GPU. It serves a model without any sign-up, and you earn TON for every chunk of tokens."),
    "client": ("starting a client; chatting in the terminal", [["cocoon client"], ["cocoon chat"]],
        "Start cocoon client to use the network from your own machine, with a local API and a page. For a talk in the terminal use cocoon chat."),
    "openai": ("address for OpenAI-compatible programs", [["127.0.0.1:11435"]],
        "Set the base URL of any OpenAI client to http://127.0.0.1:11435/v1 and keep the rest of your code. Streaming and tools work as usual."),
    "testnet": ("whole local network for trying things", [["cocoon testnet"]],
        "The command cocoon testnet starts a whole network on one laptop, with providers, clients and its own TON chain. Its coins are free."),
    "sim": ("simulating very many peers", [["cocoon sim"], ["virtual time"]],
        "Use cocoon sim to play thousands of peers in virtual time with the real protocol rules. The same seed always gives the same run."),
    "doctor": ("finding what is wrong with a setup", [["cocoon doctor"]],
        "Let cocoon doctor look at it: this command checks your machine, network and configuration, and says how to repair each problem."),
    "bench": ("measuring speed", [["cocoon bench"]],
        "Speed is measured with cocoon bench. It times the engine and the network on your own machine and prints each figure beside its goal."),
    "discovery": ("how peers find each other", [["DHT"], ["gossip"]],
        "Peers discover each other over libp2p with a Kademlia DHT and gossip. The DHT only gives hints, and each signed offer is checked."),
    "bids": ("how batch jobs are given out", [["signed bids"]],
        "For batch work the client posts a job and providers reply with signed bids. After a short window it awards the job, and anyone can check the award."),
    "reputation": ("how providers are rated", [["no global rating"]],
        "Each client keeps its own score of every provider from latency, speed and failures it saw. There is no global rating that somebody could buy."),
    "language": ("programming language of the project", [["TypeScript"], ["Tolk"]],
        "Cocoon is written in TypeScript for Node 24, and its contracts are written in Tolk. The source code is open."),
    "budget": ("limiting what users of an app spend", [["API keys"], ["spend caps"]],
        "Give your users API keys with spend caps. Each key has a budget, and requests beyond it are refused, so costs stay under control."),
    "models": ("models a node can serve", [["ONNX"], ["vLLM"]],
        "A node can serve any model in the usual ONNX layout, and a vLLM or SGLang server can stand behind it. The default is a small demonstration model."),
}

# topic: (names that fill the frames of long questions, the text)
LONG = {
    "overview": (["cocoon", "the cocoon network", "this network", "this project", "the whole system", "cocoon as a whole", "the project", "what cocoon is", "your network"],
        "Cocoon is a confidential compute network for AI. It has no coordinator: every peer runs the same program, and the peers find each other with a DHT and gossip. "
        "Owners of GPUs run a provider and sell answers from inside a trusted execution environment. App developers run a client, which offers an OpenAI-compatible API on their own machine. "
        "Before a prompt leaves the client, the provider must prove its hardware and its code. The prompt is then sealed to a key inside the enclave, so that nobody else can read it. "
        "The answer streams back in small chunks, and each chunk is paid in TON with a signed voucher. If a provider disappears, the next verified provider continues the answer. "
        "At the end both sides sign a receipt that anyone can check offline. Developers can try all of it on a laptop, because one command starts a whole test network with free coins."),
    "request": (["how a request travels", "how a request works", "the life of a request", "the path of a prompt", "what happens to my prompt", "how my question is answered", "how a prompt becomes an answer",
                 "the journey of a request", "what happens after i press enter", "how it works inside", "how cocoon works", "what happens during a request"],
        "A request begins with an offer. Providers sign offers with their model and their prices, and gossip carries them to all clients. "
        "Your client picks one by price, speed and its own experience, and then asks the provider for evidence. The provider sends a hardware quote over a fresh number, and the client checks every step of it offline. "
        "Nothing is sent before that verdict is good. Next the client funds a payment channel on TON, or reuses one that is already open. "
        "Now the prompt is sealed to the key of the enclave and sent. The engine inside the enclave computes the answer, and the tokens come back in sealed chunks. "
        "Before each chunk the client signs a voucher, and it counts the tokens to be sure that the bill is right. If the provider becomes silent, the next verified provider goes on from the last token. "
        "At the end a receipt is signed by both sides and joins a Merkle tree, whose root is anchored on the chain."),
    "payments": (["payments", "how payment works", "how payments work", "money in cocoon", "how the money flows", "vouchers and channels", "the payment system", "how providers are paid", "paying for answers", "the economy of cocoon", "settlement"],
        "Payments in Cocoon are made in very small steps. First the client opens a payment channel with a provider: a contract on TON that holds a deposit. "
        "Each answer is cut into chunks of tokens, and before each chunk the client signs a voucher. A voucher states the total amount paid so far, so the newest one replaces all others and no old one can be used twice. "
        "The provider checks the voucher, computes the chunk and sends it. The client counts the tokens and stops paying when the count is wrong. "
        "In this way neither side can lose more than one and a half chunks. The provider may claim its newest voucher at any time, and the root of all receipts rides in the same message, so one small transaction anchors the record of many answers. "
        "Prices are set by the providers, in nanoTON per million tokens, and your client never goes above your cap. When the channel closes, what was not spent comes back to you."),
    "privacy": (["privacy", "my privacy", "how privacy works", "how my data is protected", "security", "how prompts are protected", "data protection", "confidentiality", "how attestation works", "enclaves and attestation", "how secrets stay safe", "the security model"],
        "Privacy in Cocoon does not rest on a promise but on proof. A provider that calls itself confidential runs its engine inside a trusted execution environment, such as Intel TDX or AMD SEV-SNP. "
        "The processor encrypts the memory of that environment, so the owner of the machine cannot look inside. Before anything is sent, the provider must show a hardware quote that names its code and its keys. "
        "The client verifies this quote offline, step by step, and shows the result as a verdict. Only then is the prompt sealed with HPKE to a key that exists only inside the enclave. "
        "A relay sees sealed frames of fixed sizes, and the disk of the provider sees nothing. The answer comes back in sealed frames as well, each with a number, so that nothing can be cut or changed in silence. "
        "Prompts and keys are never logged, and receipts hold digests instead of text. On the open tier there is no enclave, and the word confidential never appears there."),
}

LONG_QUESTION = "Tell me everything about Cocoon."
REFUSAL = "Sorry, I am a small demonstration model and I only know about Cocoon. You can ask me about its privacy, payments, providers, models or commands."
HELLO = "Hello! I am the demonstration model of Cocoon. Ask me anything about the network."
WHO = "I am the demonstration model of Cocoon, a very small language model that was trained from scratch on one processor core."
CAN = "I can tell you what Cocoon is, how it keeps prompts private, how payments work, and which commands to use. I also know capitals, plurals, opposites, weekdays and a few units."
THANKS = "You are welcome! Is there anything else you want to know about Cocoon?"
BYE = "Goodbye, and thank you for trying Cocoon!"
HOW = "I am fine, thank you. What would you like to know about Cocoon?"


def passes(required, text):
    """True when every inner list of `required` has at least one alternative in `text` (case-insensitive)."""
    low = text.lower()
    return all(any(word.lower() in low for word in alternatives) for alternatives in required)


def check():
    """No canonical answer may satisfy the requirement of another fact, and each satisfies its own."""
    for key, (_, required, _) in FACTS.items():
        hits = [k for k, (_, _, answer) in FACTS.items() if passes(required, answer)]
        assert hits == [key], (key, hits)
        assert not passes(required, REFUSAL)


if __name__ == "__main__":
    check()
    data = {"longQuestion": LONG_QUESTION, "longMinTokens": 150, "refusalMarkers": ["only know about Cocoon"],
            "facts": [{"id": k, "subject": s, "required": r} for k, (s, r, _) in FACTS.items()]}
    with open("../evaluation/facts.json", "w") as f:
        json.dump(data, f, indent=1)
        f.write("\n")
