"""Questions that evaluate.py asks: written by hand, never fed to the generator.

FACT_QUESTIONS and OFF_TOPIC_QUESTIONS are the development set: their results were seen, and wordings were added to the
generator afterwards. Results of the SECOND sets were seen once before a later leg of the training got more grammars.
FRESH_QUESTIONS and FRESH_OFF_TOPIC were written after the last fact and off-topic grammars, before any result on them
was known. The author of the grammars wrote all of them, so they are easier than a stranger's questions.
"""
import re

FACT_QUESTIONS = {
    "what": ["Could you give me the gist of this project?", "I stumbled over the name Cocoon yesterday. What kind of animal is that?", "Why was Cocoon built in the first place?"],
    "coordinator": ["Which organization has authority over the peers?", "If the people who wrote this vanish, does somebody still hold the keys to the network?", "Does a single firm sit between me and the GPU?"],
    "privacy": ["Will the person whose graphics card I use get to look at my conversation?", "I have to paste a confidential contract, who besides me will see it?", "Are chat histories retained on the servers?"],
    "tee": ["What do the letters TEE stand for?", "Can you explain in plain language how an enclave shields data from its host?", "I keep seeing the term 'enclave' but nobody told me what it is."],
    "hardware": ["Would a server with AMD chips be accepted as a secure machine?", "Which CPU vendors' confidential computing features can providers rely on?", "I'm shopping for a server; which trusted hardware is compatible?"],
    "attestation": ["How can I be certain that the remote box runs the software it claims to?", "What must a seller demonstrate before my text leaves my laptop?", "There is a page with green check marks about the provider. What is it based on?"],
    "encryption": ["Which algorithms keep eavesdroppers from decoding my request?", "Is there protection against future quantum attacks?", "How exactly is the text I send locked up cryptographically?"],
    "tiers": ["What trust categories may an answer carry?", "An offer is labelled 'open'. Compared to what?", "Can you list all the assurance grades that exist?"],
    "spotcheck": ["Suppose the seller answers with a tiny cheap model instead of the promised one. Would that come to light?", "How can I be sure that the AI I ordered is the one that replied?", "What keeps vendors from quietly downgrading the model?"],
    "currency": ["Which crypto do I have to hold to settle my bills?", "Are transactions made in Ethereum or something else?", "What is the unit of money that changes hands here?"],
    "price": ["How expensive is one answer and who determines that?", "In which way is the fee for my request calculated?", "Is there some fixed tariff for tokens?"],
    "voucher": ["My client keeps producing vouchers. What information do they carry?", "Could you clarify what the thing called voucher is meant for?", "Before every portion of the answer something gets signed by the buyer; tell me about it."],
    "channel": ["Where does my initial deposit sit while I use the service?", "After closing, do I recover the funds I haven't used?", "Explain the contract that connects a buyer with one seller."],
    "loss": ["What is the upper bound on the damage a fraudulent peer can cause me?", "Say the client stops paying in the middle, how much unpaid work has my machine done?", "How many coins might be stolen from me by a dishonest seller?"],
    "receipt": ["What details are recorded in the document I get after an answer?", "Do I receive evidence that my request was processed, and what does it list?", "What's stored inside a receipt?"],
    "verify": ["A client handed me a receipt file. How do I establish that it's authentic?", "What should I type to confirm a receipt hasn't been altered?", "Can an auditor validate receipts on his own?"],
    "failover": ["The computer producing my answer suddenly loses electricity. Do I have to start over?", "What if the seller's box is rebooted while text is still streaming?", "Does a reply survive when the machine behind it goes dark?"],
    "provider": ["I've got an RTX 4090 collecting dust. Can I turn it into cash?", "What are the steps for someone who wishes to supply GPU power to the network?", "How would I get my box to start selling inference?"],
    "client": ["How do I talk with a model straight from my shell?", "I have no GPU and merely want to ask questions. What should I launch?", "What's the command for joining as a consumer?"],
    "openai": ["Our chatbot was built on the OpenAI library. What URL do we give it?", "Which local port receives API calls?", "Do I have to rewrite my existing ChatGPT integration?"],
    "testnet": ["Can I experiment on my notebook without spending real coins?", "Is there some way to spin up a complete miniature version of everything for development?", "Where can newcomers rehearse with play money?"],
    "sim": ["For my thesis I need to observe ten thousand nodes at once. What should I use?", "How can the behaviour of an enormous network be reproduced with a fixed seed?", "Is there software that imitates huge numbers of peers?"],
    "doctor": ["My provider refuses to boot and I'm clueless. Any suggestion?", "How do I find out whether my configuration has mistakes?", "I see red error text at startup, who can diagnose it?"],
    "bench": ["I'd like to know how many tokens per second my box manages.", "Is there a built-in tool to time the performance?", "How quick is my hardware at this?"],
    "discovery": ["How does a fresh node get in touch with the others without any directory?", "By what mechanism does my laptop learn about available sellers?", "Which peer-to-peer technology lets machines locate each other?"],
    "bids": ["I need ten thousand documents summarised overnight. How is that work allocated?", "How do sellers compete for large non-urgent workloads?", "Who determines the winner of an auctioned job?"],
    "reputation": ["Are there star ratings for sellers?", "How does my software remember which hosts were unreliable?", "Could a vendor pay to appear better than it is?"],
    "language": ["Was this coded in Go or Rust or what?", "Can I inspect the source?", "Which tech stack was chosen for implementing the node and the smart contracts?"],
    "budget": ["How can I keep my customers from draining my wallet?", "Is it possible to assign every employee a maximum spend?", "We offer an app to many people; how do we bound the expenses per person?"],
    "models": ["Could I host Mistral on my node?", "Is it possible to attach my existing vLLM deployment?", "Which file format should my neural network have to be served?"],
}

FRESH_QUESTIONS = {
    "what": ["I've been told to look into Cocoon. What is it, in a few words?"],
    "coordinator": ["Does anyone own or run the network as a whole?"],
    "privacy": ["Can people other than me look at the questions I send?"],
    "tee": ["What exactly is a trusted execution environment?"],
    "hardware": ["Which confidential-computing platforms from Intel or AMD can a provider use?"],
    "attestation": ["What does a provider do to prove it is running the right thing?"],
    "encryption": ["How is my prompt protected cryptographically on its way?"],
    "tiers": ["Which tiers exist and what do they mean?"],
    "spotcheck": ["What if somebody sells me answers from a different model than promised?"],
    "currency": ["Which cryptocurrency are providers paid in?"],
    "price": ["How much will I have to pay per token, and who decides?"],
    "voucher": ["Please explain what vouchers are."],
    "channel": ["What is a payment channel and how do I get my deposit back?"],
    "loss": ["How much can I lose at worst if a provider doesn't deliver?"],
    "receipt": ["What information can I find on a receipt?"],
    "verify": ["I have a receipt and want to be sure it's not forged. What do I run?"],
    "failover": ["The provider died in the middle of my answer. What happens now?"],
    "provider": ["How can I use my graphics card to earn some TON?"],
    "client": ["Which command lets me talk to a model from the terminal?"],
    "openai": ["What address do I give to a program that expects the OpenAI API?"],
    "testnet": ["How do I set up a local network to try things out?"],
    "sim": ["How can I simulate a really large number of peers?"],
    "doctor": ["Nothing is working on my computer, how do I figure out the cause?"],
    "bench": ["What's the way to measure performance on my hardware?"],
    "discovery": ["How does my client discover the peers in the network?"],
    "bids": ["How does a provider get a batch job?"],
    "reputation": ["Is there a rating that tells me which providers are reliable?"],
    "language": ["What programming language did you use to build Cocoon?"],
    "budget": ["Is there a way to cap how much each of my app's users can spend?"],
    "models": ["What kinds of models am I able to run on a node?"],
}

SECOND_QUESTIONS = {
    "what": ["Hi! Can someone tell me what this Cocoon project is supposed to be?", "Describe Cocoon to me like I'm your neighbour."],
    "coordinator": ["Who's calling the shots on this network?", "Is there some boss or headquarters that operates Cocoon?"],
    "privacy": ["If I type something embarrassing, does anybody else get to see it?", "Do you keep logs of the stuff I write?"],
    "tee": ["What does TEE mean?", "I don't get what people mean by enclave. Help?"],
    "hardware": ["Which chips do I need if I want to offer confidential computing?", "Does this run on SEV-SNP machines, or only Intel ones?"],
    "attestation": ["How does a GPU provider show that it can be trusted?", "Where does the verdict I see come from?"],
    "encryption": ["What crypto algorithms protect the stuff I send?", "Are my prompts encrypted, and how?"],
    "tiers": ["What assurance levels can a provider have?", "How do confidential, simulated and open differ from each other?"],
    "spotcheck": ["Couldn't a provider just run a worse model than the one I asked for?", "How would I find out if the model got secretly swapped?"],
    "currency": ["What coin do I pay with?", "Do I need Bitcoin for this, or some other cryptocurrency?"],
    "price": ["How is the price for my request worked out?", "Who sets the prices and in what unit?"],
    "voucher": ["What's a voucher in Cocoon?", "Why does my client sign vouchers all the time?"],
    "channel": ["How does the payment channel work, and what happens to my deposit?", "Do I get the leftover deposit back once I'm finished?"],
    "loss": ["If the other side rips me off, how much money could I be out?", "What's the maximum a cheating provider can steal?"],
    "receipt": ["What's in a receipt?", "After an answer I get a receipt - what does it contain?"],
    "verify": ["How can I check whether a receipt is legit?", "Which command do I run to validate a receipt?"],
    "failover": ["What happens if the provider crashes while it's answering me?", "My provider went offline mid-answer. Did I lose everything?"],
    "provider": ["I own a decent GPU. How do I start making money with it?", "What command turns my machine into a provider?"],
    "client": ["How do I chat from the command line?", "How do I get a client running on my computer?"],
    "openai": ["What base URL should I put in my OpenAI SDK?", "I want my existing OpenAI-based app to talk to Cocoon, where do I point it?"],
    "testnet": ["Can I play with a whole network on my own laptop first?", "Is there a local test network with free coins?"],
    "sim": ["I'd like to simulate thousands of peers, is that supported?", "How do researchers try out a network of 50,000 nodes?"],
    "doctor": ["My setup doesn't work, how do I find out what's wrong?", "Something's broken on my machine. Is there a diagnostic command?"],
    "bench": ["How do I measure how fast my node is?", "Is there a command for benchmarking?"],
    "discovery": ["How do peers find one another without a central directory?", "What does my node use to locate other nodes?"],
    "bids": ["How are batch jobs handed out to providers?", "I've got a big overnight job. Who gets to run it and how is that decided?"],
    "reputation": ["How are providers rated?", "Can a provider buy itself a good reputation?"],
    "language": ["What's Cocoon written in?", "Is it Rust or TypeScript under the hood?"],
    "budget": ["How do I stop users of my app from spending too much?", "Can I set a spending cap for each API key?"],
    "models": ["Which models can my node serve?", "Can I serve a Llama model through vLLM?"],
}

FRESH_OFF_TOPIC = ["How do I plant roses?", "What's the fastest train in Europe?", "Who was the first woman in space?", "Can you help me with my chemistry homework?", "What should I feed my hamster?", "Sing happy birthday to my wife",
    "How many goals did Pele score?", "Is coffee bad for your heart?", "Write a haiku about snow", "Where does chocolate come from?", "Calculate 45 divided by 9", "What is the plot of The Matrix?",
    "How do I unlock a frozen car door?", "I can't sleep at night", "Which language is spoken in Brazil?", "Tell me about penguins", "What's the exchange rate of the euro?", "What do you think about love?", "zzxy blorp", "How can I get rid of mosquitoes?"]

SECOND_OFF_TOPIC = ["How do I get my toddler to eat vegetables?", "What was the cause of the First World War?", "Name three famous sculptors", "Can you solve this riddle for me?", "What's the tallest building in Chicago?", "How do I reset my iPhone?",
    "Please write a limerick about a dog", "Which vitamins are in oranges?", "When is Easter next year?", "How do I ask my boss for a raise?", "Who discovered penicillin?", "What is the derivative of x squared?",
    "Does my horoscope look good this week?", "I'd like to book a table for two", "Explain the offside rule", "What's the best way to clean a carpet?", "how to say thank you in japanese", "My car makes a strange noise", "hfjdk slqpw mvnb", "Tell me about the history of Rome"]

OFF_TOPIC_QUESTIONS = ["How do I bake a chocolate cake?", "Who was Napoleon?", "Write me a poem about autumn", "What's the weather going to be like on Sunday?", "translate good morning into Italian", "what is the square root of 144",
    "How tall is Mount Everest?", "Can you recommend a good movie?", "write a python function that sorts a list", "Who painted the Mona Lisa?", "I feel sad today, what should I do?", "What is photosynthesis?", "tell me the latest news",
    "How far is the moon from the earth?", "best restaurants in Lisbon", "why is the sky blue", "what medicine helps against a headache", "who is the richest man alive", "how do I tie a tie", "Compose an email to my landlord",
    "which team won the league last year", "explain the theory of relativity", "do fish sleep?", "give me a recipe for pancakes", "is it going to rain", "what is 17 times 23", "asdf qwer zxcv", "lorem ipsum dolor sit amet",
    "How does a car engine work?", "sing me a song", "what should I wear tomorrow", "Tell me everything about elephants", "explain in detail how bread is made", "what is the price of gold", "how do I learn to swim",
    "Where can I buy a cheap bicycle?", "Who is the mayor of Lima?", "Who sang Bohemian Rhapsody?", "How do I remove a red wine stain?", "Is it safe to eat raw eggs?", "Help me write a birthday card for my aunt",
    "When does the next train to Munich leave?", "How old is the universe?", "Explain how vaccines work", "What is your opinion on the election?", "def foo(x): return x + 1", "My stomach hurts since yesterday.",
    "Give me three tips for a job interview", "What does a giraffe eat?", "how many planets are there", "Who won the chess championship?", "Tell me a bedtime story", "Should I invest in Tesla stock?", "What is 12 percent of 250?", "Which phone should I buy?",
    "Who is the CEO of Microsoft?", "What's a good name for a puppy?", "Summarise the plot of Hamlet", "How many calories does an apple have?", "Is Pluto a planet?"]

LONG_QUESTIONS = {
    "overview": ["Tell me everything about Cocoon.", "Please write everything you know regarding Cocoon", "I'd like a very detailed text on this project"],
    "request": ["Could you describe in detail how a request travels from my laptop to a provider?", "Give me a thorough explanation of how Cocoon works", "step by step, what happens after I send a prompt?"],
    "payments": ["could you give me a long and full overview of how payments work?", "Explain the payment system in depth", "write an extensive essay about money in Cocoon"],
    "privacy": ["I want a long explanation of how my data is protected", "Tell me all the details about privacy", "please write a full page on the security of Cocoon"],
}


def normal(text):
    """The content of a question: its letters and digits in lower case, as a set of words."""
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))
