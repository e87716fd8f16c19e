"""Hand-written wordings for the second half of the facts; see questions_a.py for the notation."""

from questions_a import ACTIONS, ASK, EVENTS, KEYS, NAMES

NAMES["channel"] = "a payment channel|a channel|payment channels|channels|the deposit|a deposit|the minimum deposit|the unichannel|the term channel"
KEYS["channel"] = "payment channel|channel|deposit|open channel|close channel|deposit back|refund|contract client provider|unspent money|withdraw|locked funds"
EVENTS["channel"] = "my channel closes|i do not spend my deposit|i close the channel|there is money left in the channel|i want my deposit back|the channel is empty"
ACTIONS["channel"] = "open a payment channel|close a channel|get my deposit back|put in a deposit|withdraw the rest of my money|fund a channel"
ASK["channel"] = """
how do [payment channels|channels] work
why [are there|do you use|use|do we need|does the client open] [payment channels|channels|a channel]
what [are|is] [payment channels|the channel|a channel] [for|good for]
[do|will|can] i get my [deposit|unspent money|coins|remaining ton|leftover money] [back|returned|refunded]
[is there|do i need|must i make|why is there] a deposit
what happens to [the deposit|my deposit|unspent money|money that i did not spend|the rest of my coins|leftover ton]
where is my [deposit|money|ton] [kept|held|locked|stored|parked]
[between whom|between which parties|with whom] is a [channel|payment channel] [opened|made|]
what does [a payment channel|a channel|the channel|the contract between client and provider] [do|hold|contain]
is [the channel|a payment channel|a channel] a [contract|smart contract|bank account|network connection]
[is|are] [unspent|unused|leftover|remaining] [money|coins|ton|funds] [lost|returned|refunded|given back|mine again]
when [is|does] [a channel|the channel|the payment channel] [opened|closed|close|created]
what [contract|smart contract|account] [stands between|links|connects] [a client and a provider|the client with the provider|buyer and seller]
[client and provider|buyer and seller] [share|have] a [contract|channel], [what is that|how does it work]
how many channels [do i need|does a client open|are there per provider]
why do i have to [lock|deposit|put in|pay in] [money|coins|ton] [first|before i start|at the beginning|up front]
can i [withdraw|take out|reclaim|recover] my [deposit|money|funds] [later|at the end|when i stop|]
[explain|describe|define] [payment channels|a payment channel|what a channel is|the channel between client and provider]
what [role|part] does the [payment channel|channel|deposit] play
what is the [purpose|point|meaning|idea|use] of [a channel|the deposit|payment channels|a payment channel]
i stop using cocoon, what about [my deposit|the rest of my money|my remaining coins]
channel - is that [radio|television|a connection] or [money|what]
my money is locked in [a contract|a channel], [is that right|what is this]
does every [answer|request|payment] need a [transaction|blockchain transaction|payment on the chain]
how do you avoid a [blockchain|chain] transaction for each [answer|payment|request]
refund of [my deposit|what i did not use|unused funds]
what do i [pay in|put down|deposit] at the beginning and do i see it again
who holds the [deposit|client's money|locked funds]
once the channel [is closed|ends], [who gets the rest|where does the money go]
on chain [contract|account] per client and provider
"""

NAMES["loss"] = "the worst loss|the maximum loss|the worst case|the financial risk|my exposure|the exposure|the biggest possible loss"
KEYS["loss"] = "worst case loss|maximum loss|cheated|risk money|exposure|lose money|scam|fraud limit|stolen money|damage|unpaid work"
EVENTS["loss"] = "the other side does not pay|the provider takes my money and runs|the client refuses to pay|i am cheated|somebody cheats me|the provider runs off with my ton|a client never pays my node|a provider keeps the money and sends nothing|the seller is a thief"
ASK["loss"] = """
how much [can|could|may|might|would] [i|a client|a provider|someone|either side|we|one] [lose|be cheated for|be cheated out of|be robbed of|be scammed for] [at most|]
what [is|can be] the [worst|most|maximum|biggest|greatest|largest] [loss|i can lose|damage|risk of loss|amount at risk|sum i can lose]
what if [a provider|the provider|the client|someone|the other party|the seller|the buyer] [cheats|does not pay|runs away|takes the money and runs|never pays|stops paying|steals]
can [the provider|a provider|the client|someone|a thief|a dishonest seller] [cheat|rob|scam|defraud|rip off|steal from] me
how [safe|risky|secure] is [my money|the payment|my investment|it to pay strangers]
what is the [most|maximum|biggest amount|largest sum] [a cheater|someone|the other side|they|a thief|a crook] can [take|steal|get|pocket] [from me|]
can i lose [all|everything|my whole deposit|a lot|all my ton|much]
what is [my|the] [exposure|financial risk|risk|worst case] [when paying|if i am cheated|if the other side cheats|as a client|as a provider|]
in the worst case, [how much money is gone|what do i lose|how much is lost|what is the damage]
is there a [limit|cap|bound] to [my loss|what a cheater can take|how much can be stolen|the damage]
how much [work|compute|money] [can|could] [my node|a provider|a client|i] [lose|waste|give away] to [a cheater|a client that never pays|fraud|a bad peer]
i am [worried|afraid|scared|nervous] [of losing money|to be cheated|about fraud|that someone steals my ton]
[a dishonest|a bad|a malicious|an evil] [provider|client|peer|seller] [cheats|robs|tricks] me, [how bad is it|what do i lose|how much is gone]
[how much|what] is at [risk|stake] [when i pay|for me|for each side|with strangers|]
do i pay everything [in advance|up front] and [risk|hope|lose] it
what [protects|saves] [my money|me] from [fraud|theft|a cheater|thieves|scammers|crooks]
[he|they|the provider] [took|takes] my [coins|money|payment] and [never answered|vanished|sent nothing], how much [did i lose|is lost]
what stops [a provider|a client|them] from [stealing|keeping] [all my money|the deposit|the money without working]
how large can the [theft|fraud|damage|loss|harm] be
who bears the risk when one side [cheats|does not pay|breaks the deal]
what is the maximum number of chunks [i can lose|at risk|that can be lost]
could i be [ripped off|robbed|scammed|cheated|tricked]
[client|provider] [refuses|forgets|declines] to pay [for the tokens|for the answer|me], how much [work is lost|did i lose]
if it goes [wrong|badly], how many [tokens|chunks|coins] are [lost|gone]
losses are limited to what
unpaid work: what is the worst a [client|customer|buyer] can do to me
biggest hit i could take from a crook
"""

NAMES["receipt"] = "a receipt|receipts|a cocoon receipt|the receipt|a signed receipt|the content of a receipt|the record of an answer"
KEYS["receipt"] = "receipt|receipt content|what receipt contains|proof of answer|record of answer|receipt fields|receipt meaning|anchored receipt"
EVENTS["receipt"] = "i lose a receipt|i show somebody my receipt|a receipt is published"
ASK["receipt"] = """
what [is in|does it say in|is inside|is written in|goes into|stands in] a receipt
what [are|do] receipts [for|do|good for|prove|show|contain]
why [do i get|are there|do we need|would i want] [a receipt|receipts]
what does [a|the] receipt [prove|show|contain|hold|say|mean|include|list|tell]
what is that receipt [i got|i received|in the page|at the end|for|after my answer|]
[is there|do i get|does cocoon give] [any|a] [proof|record|evidence|documentation] of [an|my|the] answer
what [information|data|details|fields|facts] does a receipt [have|contain|hold|include|store]
the [page|client|log] shows a receipt, what is [it|that]
receipts, [why|what for|what is that|what are they good for]
what can i do with a receipt
[explain|describe|define] [receipts|a receipt|what a receipt is|the idea of a receipt]
does [a|the] receipt [contain|reveal|show|include|leak] [my prompt|my text|the answer|my question|the price|my words]
what [document|paper|proof|record|file] do i [get|receive|keep] [after|for] [an answer|every answer|a request]
after [my answer|each answer|the chat] [i got|there was|comes] a receipt, [what does that mean|what is it good for|what is in it]
who signs [a receipt|the receipt|receipts]
where [is|are] [a receipt|receipts|the root of receipts] [anchored|recorded|stored on the chain]
is a receipt [public|private|on the blockchain|on the chain|like a bill|an invoice|signed]
how can i prove [later|to my boss|to someone|] that [an answer was computed|i got an answer|i paid for an answer|the answer came from this model]
what is the [purpose|meaning|use|point|content] of [a receipt|receipts|the receipt]
[list|name|show] the [parts|fields|contents|entries] of a receipt
receipt [contents|meaning|explained|definition|fields]
what do both sides sign [at the end|after the answer]
is my question [visible|readable|written] in the receipt
what is [recorded|documented|noted] about [an answer|each answer|my request]
what trace remains of an answer [for the books|for accounting|]
i need something for my [accountant|records|bookkeeping|audit], what does [cocoon|the client] give me
what does one find in a receipt
what is kept about a finished answer
does a receipt [hold|have] [signatures|the token counts|hashes|the price]
what is anchored on the chain [for an answer|for each answer|]
"""

NAMES["verify"] = "receipt verification|checking a receipt|validating a receipt|the receipts verify command|the command that checks receipts"
KEYS["verify"] = "verify receipt|check receipt|validate receipt|receipt command|receipt genuine|receipt fake|receipt verification|receipt authenticity|forged receipt"
ACTIONS["verify"] = "verify a receipt|check a receipt|validate my receipt|test whether a receipt is real|prove that a receipt is true|check the proof in a receipt|verify receipts offline|find out if a receipt is forged|make sure a receipt is genuine|audit a receipt|inspect the signatures of a receipt"
EVENTS["verify"] = "somebody sends me a fake receipt|the receipt is forged|i doubt a receipt|i do not believe this receipt"
ASK["verify"] = """
how [do|can|could] i [verify|check|validate|prove|test|audit|examine] [a receipt|my receipt|receipts|the receipt|that a receipt is real|the receipts|a receipt file]
[which|what] command [verifies|checks|validates|audits|tests] [a receipt|receipts|my receipt]
how do i know [a|the|my] receipt is [real|valid|genuine|true|not fake|authentic|correct]
[verify|check|validate|audit] [a receipt|my receipt|receipt file|this receipt]
is [this|my|the] receipt [real|genuine|fake|forged|true|valid|authentic]
can a receipt be [faked|forged|checked|verified|validated|falsified]
[someone|a friend|a customer|my provider|a stranger] [gave|showed|sent|mailed|handed] me a receipt, is it [real|true|valid|genuine]
[someone|a friend|a customer|a colleague] [gave|showed|sent|mailed] me a receipt, how can i [tell it is genuine|check it|verify it|trust it]
what do i [type|enter|run] to [validate|check|verify|test] a receipt
is there a [command|tool|program|way] [for checking|to check|to verify|for verifying|to validate] [receipts|a receipt]
i [doubt|distrust|do not trust|want to check] [this receipt|a receipt|the receipt]
[the command|command|tool] for [receipt verification|receipts|checking receipts|verifying a receipt]
can i check a receipt [offline|without internet|without trusting anyone|myself|on my own|at home]
how would [an auditor|a third person|my accountant|someone else] [check|verify|validate|confirm] [a receipt|my receipt]
i have a receipt file, [how do i check it|what now|what do i do with it to be sure it is valid]
[a receipt|receipts]: [how to verify|how to check|real or fake|genuine or not]
tell [real|genuine] receipts from [fake|forged] ones
who can [verify|check] a receipt [and how|]
whom do i have to trust [when i check|to verify|for verifying] a receipt
how are the [signatures|proofs] [of|in] a receipt [checked|verified]
does the program [check|verify|validate] receipts
where can i have a receipt [checked|verified|confirmed]
authenticity of a receipt
is it possible to [verify|confirm|check|prove] a receipt
what is the way to [confirm|check|establish] that a receipt [holds|is correct|was not changed|was not tampered with]
has this receipt been [tampered with|changed|forged|altered]
i want proof that this receipt is [right|not a forgery|true]
"""

NAMES["failover"] = "failover|mid-stream failover|the failover|recovery|what happens when a provider dies|fault tolerance|a dead provider"
KEYS["failover"] = "failover|provider dies|provider offline|crash|node down|interrupted answer|lost connection|power failure|provider gone|unplugged|recovery|disconnected"
EVENTS["failover"] = "the provider dies|the node crashes|the machine loses power|the provider disappears|the node goes offline in the middle of an answer|the computer that answers me is switched off|the connection breaks during an answer|my provider stops in the middle of a sentence|a provider becomes too slow|the other machine burns down|someone pulls the plug|the node that serves me is killed|the provider vanishes halfway|the gpu fails while it is answering|the seller goes to bed and shuts his machine down|the server at the other end breaks"
ASK["failover"] = """
what [happens|will happen|occurs] [if|when] [a provider|the provider|a node|the node|the machine|my provider|the worker|the gpu] [dies|crashes|goes offline|fails|disappears|stops|is killed|goes down|breaks|loses power|hangs|vanishes|quits] [|while it is answering|in the middle of an answer|mid stream|during an answer|halfway]
[if|when] [a provider|the provider|the node] [dies|crashes|goes offline|fails|is killed|goes down|disappears], [what happens|what then|is my answer lost|do i lose my answer|what do i see]
do i lose my answer [if|when] [a provider|the provider|a node] [dies|crashes|fails|goes offline|is killed|quits]
how does [failover|mid-stream failover|recovery|the failover] work
can an answer [survive|continue after|outlive] [a crash|a dead provider|a failure|a crashed node|a power cut]
do i have to [start again|ask again|repeat my question|begin anew] [when|if] [a provider|the node|the machine] [fails|dies|crashes|disappears]
is [my|the] answer [lost|gone|cut|incomplete] [when|if|after] [the provider|a node|the machine] [dies|fails|crashes|stops]
who [continues|finishes|completes|takes over] [the|my] answer [when|after|if] [the provider|a node|the first machine] [dies|fails|crashes|leaves]
how [reliable|robust|fault tolerant|resilient] is [it|cocoon|the network|an answer]
[suppose|imagine|let us say] [the machine|the computer|the node|the provider] [answering me|serving me|in use] is [unplugged|switched off|destroyed|rebooted] [halfway|in the middle|], what then
my provider [vanished|died|crashed|went away|stopped] [mid sentence|halfway|in the middle of a reply|before the end], is the reply [gone|lost|finished]
what does [cocoon|the client|my client] do when [a node|a provider|a machine] [dies|is gone|fails|goes silent|becomes slow]
the answer [stopped|broke off|froze|hung] [in the middle|halfway|suddenly], [what now|what does the client do|will it go on]
are answers [interrupted|lost|cut off] by [crashes|failures|power cuts|dead nodes]
[a power cut|a crash|a network failure|a blackout] at the provider, [what about my answer|what then|does it matter]
does the stream [break|stop|continue|survive|have a gap] [when|if] the provider [changes|dies|fails|crashes]
is there a [backup|spare|standby|second provider|plan b] [if one fails|when a provider dies|]
[will|can] another [provider|node|machine] [take over|continue|finish the answer|jump in]
how do you handle [crashes|failures|dead providers|outages|downtime|a provider that disappears]
what if my [answer|stream] is [cut|interrupted|broken off] [by a crash|]
half of the [answer|text] arrived and then the provider [died|was gone|went dark]
must i [pay again|ask twice|retry] after a [crash|failure|disconnect]
someone [trips over the cable|turns the machine off|kills the process] [of the provider|at the provider|while i get my answer]
what becomes of my [answer|half finished reply|request] when the [seller|provider|host] [leaves|drops out|is gone]
will i notice [a crash of the provider|when the provider fails|a failover]
how do you [switch|move] to another provider [in the middle of an answer|mid stream|]
the gpu owner [closed his laptop|shut down|rebooted|left] [during my request|while answering]
outage of a provider
"""

NAMES["provider"] = "a provider|providers|the provider|a compute provider|a cocoon provider|cocoon up|the up command|earning with cocoon|running a node|starting a node"
KEYS["provider"] = "earn money|earn ton|start provider|become provider|run node|gpu income|rent gpu|sell compute|passive income|spare gpu|host node|monetise gpu|graphics card profit|join as provider|idle gpu"
ACTIONS["provider"] = "earn money with my gpu|make some money with my graphics card|earn ton with my computer|get paid for my gpu|be paid for answers|rent out my gpu|earn something with a spare machine|make my old graphics card pay|turn my gpu into income|sell compute|sell my gpu time|monetise my hardware|start a provider|run a node|become a provider|host a model|offer my gpu|share my graphics card|join as a provider|set up a node|serve a model to others|put my idle gpu to work|sell answers|lend my gpu to the network|make a profit with a video card|launch my own node"
ASK["provider"] = """
how [do|can|could|would] i [earn|make money|get paid|make ton|earn ton|earn money|make a profit|earn some coins|be paid|get rich] [|with cocoon|with my gpu|here|on this network|on cocoon|by running a node]
how does [earning|getting paid|making money] work [for gpu owners|here|]
how can [my gpu|my graphics card|my machine|my computer|my rig] [earn|make] [money|ton|coins|something]
can i [earn|make] [money|ton|coins|a living] [with my gpu|with this|here|with my graphics card|on cocoon]
what do i [have to do|need to do|need] to [earn|get paid|make money|become a provider|sell compute]
how [do|can|could] i [start|run|launch|set up|operate|host|create|boot] [a node|a provider|my node|my own node|a provider node]
[which|what] command [starts|runs|launches|brings up] [a node|a provider|my node]
[start|run|launch|set up] [a node|a provider|a provider node]
how [do|can|could] i [become a provider|join as a provider|offer my gpu|share my gpu|serve a model|provide compute|sell gpu time]
what do i [type|run|enter] to [start|run|launch|get] [a node|a provider] [going|]
what is in it for [me|gpu owners|a provider|people with a graphics card]
[do|will] i [get|receive] [money|ton|a reward|a payment] for [sharing my gpu|running a node|my gpu|my compute]
how are [providers|gpu owners|nodes|sellers] [paid|rewarded|compensated]
my [gpu|graphics card|server|gaming pc|rtx|video card] is [idle|bored|unused|doing nothing|free at night], [can it earn money|can it make ton|what can i do with it here|how do i use it]
[i have|i own|i bought|there is] a [spare|big|powerful|new|unused] [gpu|graphics card|server|machine], [how do i make money from it|what now|how can i sell its time|how do i join]
do i [need|have] to [sign up|register|apply|ask for permission] [to sell compute|to become a provider|as a provider|to earn]
what does [a|the] provider do [and earn|]
[who are the|what do] providers [do|]
i want to [sell|rent out|offer|lend] [compute|gpu time|my hardware|my graphics card|inference]
[selling|renting out|offering] [compute|gpu power|my graphics card], how [is that done|does that work|do i begin]
[income|profit|revenue|earnings|money] for [gpu owners|miners|providers|people with hardware]
i am a [gpu owner|miner|data center|gamer with a big card], [what should i run|how do i start|how do i join|what is there for me]
is there [money|profit|a reward] [to be made|for me|in this] [with hardware|as a gpu owner|]
what is the first step to [become a provider|sell my gpu|earn ton|run a node]
[put|get] my [gpu|graphics card|machine] to work
can my [graphics card|gaming pc|server|workstation] [pay for itself|bring in some ton|bring me income]
which program must [a gpu owner|a provider|a seller] start
get [a node|a provider] [going|online|running|started]
i would like to [contribute|donate|offer|provide] [my gpu|compute|hardware] [and be paid|to the network|]
passive income [with|from] [a gpu|my hardware]
how do people on the selling side begin
mining is dead, what else can my card [do|earn]
"""

NAMES["client"] = "a client|clients|the client|a light peer|a light client|the cocoon client|cocoon client|cocoon chat|starting the client|chatting in the terminal|the page"
KEYS["client"] = "start client|run client|client command|chat terminal|cocoon chat|command line chat|ask model|use network|light client|local page|shell chat|talk to model"
ACTIONS["client"] = "start the client|run a client|use the network from my machine|chat in the terminal|talk to a model in my shell|open the page|ask a question from the command line|connect as a user|have a conversation on the command line|launch the client|join as a user|send a prompt from my laptop|chat without a browser|get the client going|begin to use cocoon as a customer"
ASK["client"] = """
how [do|can|could] i [start|run|launch|set up|open|use] [a client|the client|my client|a light client|a light peer]
[which|what] command [starts|runs|launches|opens] [a client|the client|the light peer|the page]
[start|run|launch|set up|open] [a client|the client]
how [do|can] i [connect|join|begin] as a [client|user|customer|buyer|consumer]
what do i [type|run|enter] to [start|run|launch|get] [a client|the client] [going|]
how [do|can|could] i [chat|talk to a model|talk|send a prompt|have a conversation|ask questions] [in the terminal|on the command line|from the terminal|from a shell|from my shell|in a console]
[which|what] command [lets me chat|sends a prompt|is for chatting|opens a chat|starts a conversation]
what does [cocoon chat|cocoon client|the client|a client] do
i [prefer|like|love|live in] the [command line|terminal|shell|console], how do i [talk to a model|chat|ask questions] [there|]
is there a way to chat [from my terminal|from my shell|in the console|without a browser|in a terminal window]
what is the [job|role|task|part] of [a|the] client
i [want|would like|need] [the client running|to have the client|to use the network as a customer|to ask a model something|to talk with a model]
i have no gpu, how do i [use the network|ask questions|get answers|take part|join]
how do i [use|try|access|reach] the [network|models] [from my laptop|as a user|as an end user|without a gpu]
[chat|talk|conversation] in the [terminal|shell|console|command line]
how do [end users|normal people|ordinary users|customers|buyers] [use cocoon|ask a question|get an answer|start|connect]
i only want to [ask questions|get answers|chat|use it|buy answers], [what do i start|what do i run|which command|where do i begin]
where do i [type|enter|write] my [prompt|question]
is there a [web page|graphical interface|chat window|user interface|gui|terminal mode]
what program does a [user|buyer|customer] [need|run|start]
command for [the client|chatting|a chat|starting the client|the user side]
how do i [begin|start] [a chat|chatting|a conversation|talking] [with a model|]
[get|bring|put] [the client|a client] [going|up|running]
what must i [start|run|launch] [on my laptop|at home] to [ask models questions|use the network|send prompts]
can i chat [with a model|] [in|from] [the terminal|my terminal|a shell]
i would like to [speak|talk|converse] with a model [in my terminal|from the console|]
how does one become a [user|customer|consumer] of the network
on my own machine, how do i [open|bring up] the [client|local page]
the buying side: what do i [start|run]
"""

NAMES["openai"] = "the openai api|the openai-compatible api|the base url|the endpoint|the api address|the port|the port number|the default port|openai compatibility|the api"
KEYS["openai"] = "openai api|base url|endpoint|port|port number|api address|openai compatible|openai sdk|url|localhost|streaming tools api|sdk integration|http api"
ACTIONS["openai"] = "use my openai code|connect an openai client|point the openai sdk at cocoon|use the api from python|connect my app|reach the api|plug in my existing app|switch my app from openai to cocoon|configure the base url|use tools and streaming|integrate cocoon in my program"
ASK["openai"] = """
[can|could] i [use|keep|reuse] [my openai client|an openai client|the openai sdk|the openai library|my existing openai code|openai tools|my chatgpt app]
is [it|cocoon|the api|this] [openai compatible|compatible with openai|openai-compatible|like the openai api]
how [do|can] i [use|connect|point|configure|integrate] [an openai client|the openai sdk|my app|my code|the api|my software]
[what|which] [is the|] [base url|url|endpoint|address|api address|host and port] [is it|of the api|do i use|for the api|for openai clients|should i set|do i enter|]
does [it|the api|cocoon] support [tools|streaming|embeddings|tool calls|function calling|chat completions]
[which|what] port [does it use|does the client use|does cocoon use|is it|is used|does the api use|does it listen on|is open]
where does the [client|api|local server] listen
what [is|port number is] the [port|default port|port number] [of the client|of the api|]
my [app|program|script|code|software|bot] [speaks|uses|talks|expects|was written for] the openai [api|sdk|library|protocol], [will it work here|what do i change|does it work|how do i connect it]
what [address|url|endpoint] should my [openai code|app|program|script|client] [talk to|use|call|point at]
do [tool calls|tools|streaming|embeddings] and [streaming|tools|chat] work [with the api|]
on which port can i reach the [api|client|server]
[do|must] i have to [change|rewrite|port] my [code|app|program|openai code]
i am [an app developer|a developer|a programmer], how do i [connect|integrate|call the api|plug cocoon into my app]
where do i send [http requests|api calls|chat completions|my requests|rest calls]
the [openai|python|javascript] [sdk|library|package] [wants|asks for|needs] a base url, [which one|what do i enter]
drop in [replacement|substitute] for [openai|the openai api|chatgpt]
can i [replace|swap] openai [with|by] cocoon [in my app|in my code|]
what do i put in [OPENAI_BASE_URL|the base url field|my configuration|the settings of my app]
api [docs|url|address|port|endpoint|location]
is there [an api|a rest api|an http interface|an sdk] [for developers|for my app|]
which [url|address|port|host] [must|should|do] i [enter|set|configure|use] in [my app|my program|the sdk|langchain]
at which [address|location|url] is the [api|local api|server] [available|found]
what localhost address [does it have|is it]
i already [have|wrote] [an app|code|a bot] for [openai|chatgpt], [what now|must i rewrite it|can it use cocoon]
how do existing [apps|programs|tools] [talk to|use|connect to] cocoon
developers call [what|which] [address|endpoint]
does langchain work with [it|cocoon]
which line of my code [changes|do i change] to use cocoon
"""

NAMES["testnet"] = "a testnet|the testnet|testnets|a local testnet|a test network|cocoon testnet|the test network|free coins"
KEYS["testnet"] = "testnet|test network|local network|try without money|free coins|start testnet|laptop network|devnet|sandbox|play around|development network|practice network"
ACTIONS["testnet"] = "start a testnet|run a local network|try cocoon on my laptop|test everything locally|try it without real money|create my own test network|play with the network at home|experiment without spending ton|get free coins|set up a private network|run the whole thing on one machine|develop against a local network"
ASK["testnet"] = """
how [do|can|could] i [start|run|launch|set up|create|make|spin up] [a testnet|a local testnet|my own testnet|a test network|a local network|a private network]
[which|what] command [starts|runs|launches|creates] [a testnet|a local testnet|a test network|a whole network]
[start|run|launch|set up|make] [a testnet|a local testnet|a test network]
what do i [type|run|enter] to [start|run|launch|get] [a testnet|a test network]
how [do|can] i [try|test] [cocoon|the network|everything|it all] [locally|on my laptop|on my own machine|without real money|without hardware|for free|at home]
what is [a|the] testnet [for|good for]
why would i [use|run|want] a testnet
who [needs|uses] a testnet
i want [a whole network|everything|the full network|a tiny network] on my [laptop|machine|desk|computer] [, how|]
is it possible to try it [locally|without spending money|without real coins|without paying|on one machine]
can i [experiment|play|practice|test] [without risk|without real money|with fake money|with free coins|without spending ton]
where do i get [free coins|test coins|play money|fake ton|test ton|free ton]
is there a [sandbox|playground|test mode|demo network|test environment|practice network|development network]
how do developers [test|try] [their code|changes|their app] [locally|without the real network|]
i [only|just] want to [try it out|play around|have a look|experiment] [first|before i pay|without money|on my laptop]
[providers|clients] and [a chain|a blockchain] [all|together] on [one machine|my laptop|a single computer]
can i run [providers and clients|several nodes|the blockchain and the peers|a complete network] on [one laptop|my machine|a single computer]
a [network|copy of the network] [only for me|for tests|for development|at home], [how|is that possible|which command]
[testnet|test network] [command|setup|start|explained|how]
do i need real [ton|coins|money] to [try|test|learn] [it|cocoon|this]
i do not want to [spend|risk] [money|ton|real coins] [yet|while i test|while learning]
before i go live i want to [test|practice|rehearse]
how do i try [things|payments|attestation|it] without [a tee|buying ton|real money|special hardware]
is there a [local|small|private] [version|copy] of the network
what is the quickest way to see [the whole thing|everything|a network] running [locally|]
miniature network [at home|on a laptop]
set up everything locally in one go
students want to try cocoon [in class|on their laptops], how
"""

NAMES["sim"] = "cocoon sim|the simulator|a simulation|the simulation|sim|virtual time|simulated peers"
KEYS["sim"] = "simulator|simulation|simulate|thousands of peers|virtual time|large network simulation|same seed|ten thousand nodes|virtual peers|model large network|scale experiment"
ACTIONS["sim"] = "simulate the network|run a simulation|simulate thousands of peers|model a huge network|play ten thousand virtual nodes|study how the network scales|repeat a simulation exactly|run experiments with many peers|make plots for a paper|see how a million peers behave"
ASK["sim"] = """
how [do|can] i [simulate|run a simulation of|model] [the network|a network|thousands of peers|many peers|a large network|a big network|a huge network]
is there a [simulator|simulation|simulation tool|network simulator]
what does [cocoon sim|the simulator|the simulation] do
[which|what] command [runs a simulation|starts the simulator|simulates the network|simulates peers]
i am a [researcher|scientist|student|phd student] and [need|want] [ten thousand virtual peers|to simulate the network|thousands of nodes|a large scale experiment], how
do you have something that simulates [big|large|huge] networks
simulating [many|thousands of|lots of] peers, [how is that done|how|which tool]
what [tool|program|command] [do researchers use|is there] [for|to] [large experiments|simulate|simulations|study the network at scale]
[can|could] i [study|test|see|examine] how [the network|the protocol|cocoon] [scales|behaves with thousands of peers|behaves at scale|works with a million nodes]
how do i get [the same run|the same result|a reproducible experiment|a repeatable simulation] [twice|again|]
what would happen with [ten thousand|thousands of|a million|very many] [peers|nodes|providers], [can i test that|how do i simulate it|can i try]
[virtual|simulated|artificial|imaginary] [peers|nodes|time|clients], [how|which command|is that possible]
experiment with [a thousand|many thousand|hundreds of] [peers|nodes|providers] [without machines|on one computer|]
i want to [publish|write a paper] about the [network|protocol|market], how do i get [figures|data|plots]
is the simulation [deterministic|reproducible|repeatable|realistic]
does the same seed give the same [run|result]
[simulation|simulator] [command|how|tool|of large networks]
[run|start|do|make] a simulation
how fast can a [day|month|year] of the network be [simulated|played]
[model|emulate|mimic|imitate] a [large|huge|world wide] network
are there [tools|instruments] for [researchers|scientists|academic work]
how can one [predict|explore|analyse] the behaviour of a [very large|huge] network
virtual clock with [many|thousands of] peers
i do not have a thousand machines but want to see a network of that size
how do academics [study|examine|reproduce] the protocol
large scale [test|trial|study|experiment] in [software|virtual time]
discrete event simulation
"""

NAMES["doctor"] = "cocoon doctor|the doctor|the doctor command|troubleshooting|diagnosis|an error message|debugging my setup"
KEYS["doctor"] = "doctor|troubleshooting|problem|error|broken|not working|diagnose|fix setup|does not start|help error|repair|debug|fails to start|check installation"
EVENTS["doctor"] = "my node does not start|nothing works|i get an error|my setup is broken|my installation fails|the program does not run|my configuration is wrong|i see an error message|my node has no connection"
ACTIONS["doctor"] = "find a problem|fix my setup|debug my node|diagnose an error|check my installation|check my configuration|repair my machine|find out what is wrong|solve a problem with my node|troubleshoot"
ASK["doctor"] = """
[something is wrong|it does not work|it is not working|something is broken|i have a problem|i get an error|nothing works], what [can|should] i do
how do i [find|fix|debug|diagnose|solve|troubleshoot] [a problem|problems|an error|errors|what is wrong|my setup|my installation]
what does [cocoon doctor|the doctor|the doctor command] do
how do i check my [machine|setup|configuration|installation|install|settings]
help, my [node|client|provider|installation] [will not start|will not come up|does not work|is broken|crashes at start], what should i try
is there [any|a] [tool|command|program] that [finds|tells me|shows] what is wrong [with my setup|with my node|with my machine|]
i keep getting [errors|error messages|failures], [any advice|what do i do|help]
my [node|client|setup|configuration|installation] [is broken|fails|has a problem|does not start|makes trouble|behaves strangely|seems wrong]
why does [my node|it|my client|cocoon] not [start|work|run|connect]
[who|what] helps me [with errors|with problems|when nothing works|to repair my setup]
i need [help|support|assistance] with [an error|my installation|my setup|a problem|my node]
is my [machine|computer|setup|configuration|installation] [fine|okay|correct|ready|healthy|good enough]
[diagnose|troubleshoot|debug|repair|fix] [my node|my setup|my machine|it|this]
troubleshooting [guide|tips|help|command|]
something [broke|failed|went wrong] [after the update|during installation|], [how do i find the cause|what now]
which command [diagnoses|finds|checks] [problems|my setup|what is wrong|my configuration]
it [fails|crashes|breaks|stops] [at the start|every time|all the time|with an error], [why|what can i do|help me]
i cannot [get it to work|start it|make it run|connect]
what is [wrong|the matter|the problem] with my [node|setup|machine|configuration]
how can i [see|tell|test] whether my [setup|machine|configuration] is [right|okay|ready]
my [provider|node] shows a [red|strange|long] error
please help me [repair|fix|mend] [it|my node|my installation]
where do i look when [things go wrong|it breaks|there are errors]
self check of [my machine|the installation]
installation trouble
i am stuck with the [setup|installation|configuration]
health check [command|of my machine|for my node]
configuration mistakes, how do i find them
"""

NAMES["bench"] = "cocoon bench|the benchmark|benchmarks|the bench command|a speed test|performance|the speed|tokens per second"
KEYS["bench"] = "benchmark|bench|speed test|performance|how fast|tokens per second|measure speed|latency test|throughput|performance figures|slow or fast"
ACTIONS["bench"] = "measure the speed|benchmark my machine|test the performance|find out how fast my gpu is|get performance figures|run a benchmark|run a speed test|count tokens per second|compare the speed of two machines|time the engine"
ASK["bench"] = """
how [do|can] i [measure|benchmark|test|time] [speed|the speed|performance|my machine|how fast it is|the performance|the throughput|my gpu]
how [fast|quick|slow|speedy] is [it|cocoon|the network|my node|my machine|the engine|my gpu]
what does cocoon bench do
[which|what] command [runs the benchmark|measures speed|measures performance|runs benchmarks|tests the speed|prints tokens per second]
i would like to know [the speed of my machine|how fast my node is|the performance of my gpu], what do i run
where do i [get|find|see] [performance numbers|speed figures|benchmark results|performance figures]
are there [benchmarks|speed tests|performance tests|measurements] [i can run|]
how many tokens per second [does my machine make|can my gpu do|do i get|does it do|are possible]
is [my machine|my gpu|my computer|my laptop|it] [fast|quick|strong|powerful] enough
[run|do|start|perform] a [benchmark|speed test|performance test]
what is the [speed|throughput|latency|performance] of [my node|my machine|the engine|cocoon|the network]
i want to [compare|measure|know|see] [the speed of two machines|performance|my tokens per second|how quick it is]
[benchmark|speed test|performance] [command|figures|numbers|how]
how long does [attestation|a request|an answer|a token] take on my machine
is there a [speed test|benchmark|stopwatch|performance tool]
how can i [prove|show|demonstrate] that [my machine|my node|it] is fast
what [figures|numbers|results] does the benchmark [print|show|give]
measure [throughput|latency|speed|performance|tokens per second]
my [gpu|node|machine] [seems|feels|looks|is] slow, how do i [measure|test|time] it
tool for [measuring speed|benchmarks|performance]
how [well|efficiently] does [it|my hardware|the engine] perform
does cocoon have a [benchmark|speed measurement|performance test]
can i see how [quick|fast] [my hardware|the engine|my box] [is|computes]
i bought a new card and want its [speed|tokens per second|performance] in numbers
time how long things take [on my box|]
performance goals, [are they met|does it reach them]
how does my machine [score|perform|compare]
"""

NAMES["discovery"] = "peer discovery|discovery|the dht|a dht|gossip|kademlia|gossipsub|libp2p|peer routing|finding peers"
KEYS["discovery"] = "discovery|dht|gossip|kademlia|libp2p|find peers|locate providers|peer discovery|networking|peer list|bootstrap|transport|find each other"
ACTIONS["discovery"] = "find providers|find other peers|discover nodes|locate a provider|see who is on the network|find a peer without a server|get a list of providers"
ASK["discovery"] = """
how do [peers|nodes|clients|providers|machines] [find|discover|meet|locate|get to know|detect|see] [each other|providers|one another|other peers|the others]
how [does|do] [discovery|the dht|gossip|you find providers|i find providers|peer discovery] [work|]
how does my [client|node|computer] find [a provider|providers|other peers|peers|the network|someone who serves a model]
is there a [list|directory|registry|phone book|catalogue|index] of [providers|nodes|peers|servers]
without a [server|directory|list|central registry], how does [a client|my node|one] [know|find out|learn] where [providers|the others|peers] are
what is the [method|mechanism|protocol|way] by which [nodes|peers|providers] [discover|find|locate] [one another|each other]
what [is|] the dht [used for|for|good for]
[which|what] [network library|networking|transport|p2p library|networking stack|peer to peer library] [do you use|does cocoon use|is used|is it built on]
how are [peers|nodes|machines] connected [to each other|]
who [tells|shows] my [client|node] [where the providers are|which peers exist|about other peers]
how does [a new peer|a newcomer|a fresh node] [join|enter|find] the [network|others|swarm]
how does news [of offers|about providers|] [spread|travel] [in the network|among peers|]
[do|does] [cocoon|you|the peers] use [libp2p|a dht|kademlia|gossip|bittorrent|dns|bootstrap nodes]
what is [kademlia|gossip|a distributed hash table|libp2p] [doing here|for|used for]
where do [clients|i] look for [providers|sellers|a seller|someone with the model]
how are providers [found|located|discovered|looked up]
how do two [strangers|machines|peers] [on the internet|] [find|meet|connect to] each other
what [networking|peer to peer|p2p] [technology|stack|layer|protocol] [is under this|is used|lies beneath|connects the peers]
does every peer know [all others|every provider|where the others are]
how do [sellers and buyers|buyers and sellers|gpu owners and clients] [find|meet] [each other|]
[looking up|searching for|locating|finding] [peers|providers|nodes] [without a server|in the network|]
how does one search for a provider of a [model|certain model]
peer to peer [lookup|routing|search|networking], how
[peer|node] discovery [mechanism|protocol|how|explained]
where does the [peer list|list of providers|address of a provider] come from
how can the network work with no list of [members|nodes|providers]
a new [node|machine] comes online, how do [others|clients|people] learn of it
on what networking library is cocoon built
"""

NAMES["bids"] = "a bid|bids|a signed bid|bidding|an auction|the auction|a batch job|batch jobs|batch work|a job award|the award"
KEYS["bids"] = "bid|bids|bidding|auction|batch job|batch work|job|award|post job|lost bid|winner|many prompts at once|bulk work|tender"
EVENTS["bids"] = "i post a batch job|my node loses a bid|nobody bids for my job|a bid is left out|two providers bid the same"
ACTIONS["bids"] = "submit a batch job|post a job|bid for a job|win a batch job|run a thousand prompts as a batch|send bulk work|check an award|take part in an auction"
ASK["bids"] = """
how [does bidding|do bids|do batch jobs|does the auction|do auctions|does batch work] work
[who|how do providers] [bids|bid] [for a job|for jobs|on jobs|for batch jobs|for batch work]
how are [jobs|batch jobs|big jobs|batches] [awarded|given out|assigned|distributed|handed out|allocated]
why did [i|my node] [lose a bid|not win the job|lose the auction|not get the job]
in which way are jobs [auctioned|awarded|given out]
how is the [winner|provider] of [a batch job|an auction|a job] [chosen|selected|picked|decided]
what [is|happens to] a [batch|bulk|big] job
i have [a thousand|ten thousand|lots of|a million] [prompts|documents|questions|texts] [to process|for tonight|], [how do i submit them|is there a batch mode|how are they handled]
[who|which provider] gets [a batch job|the job|batch work|the contract]
is there [an auction|bidding|a tender|a batch mode|competition] [for jobs|for batch work|between providers|]
can [providers|nodes] [compete|bid|apply] for [work|jobs|batch work]
what happens after [i post a job|a job is posted|the bids are in|the bidding]
is the [award|auction|choice of the winner] [fair|checked|public|verifiable|transparent]
can [anyone|someone|i] [check|verify|audit] [the award|who won|an auction|that the award was fair]
how do i [post|submit|offer|announce|publish] a [job|batch job|batch|big job]
how does a provider [get|win|obtain] [batch work|a job|batch jobs]
what is [a bid|bidding|an award|posted] [in cocoon|for|good for]
how long [is the window|do bids take|does the auction last|may providers bid]
work that is not urgent, [how is it sold|how is it done|who does it]
[auction|bidding|batch jobs|bids], [how|explain|what is that]
overnight [batch|jobs|processing], how does it [work|get assigned]
[bulk|batch|offline] [processing|inference|work|requests], [how does it go|how is it assigned|who does it]
how are many [requests|prompts] [at once|in one job] [handed to providers|distributed|auctioned]
my node [lost|did not win|missed] [a bid|the auction|a job], why
who decides which provider gets the [batch|job|bulk work]
how do providers [respond|reply|answer] to a [posted job|job]
[large|big] [jobs|workloads] without hurry
do providers [offer|compete] against each other for jobs
the process of [awarding|auctioning|assigning] [work|jobs]
"""

NAMES["reputation"] = "reputation|the reputation|the reputation score|reputation scores|ratings|a rating|provider scores|the rating system|reviews"
KEYS["reputation"] = "reputation|rating|score|ranking|reviews|stars|good provider|reliable provider|trust score|buy rating|bad provider history|feedback"
EVENTS["reputation"] = "somebody buys a good rating|a provider has a bad reputation|a provider fakes its reviews|a provider was slow yesterday"
ACTIONS["reputation"] = "rate a provider|leave a review|see the rating of a provider|know which provider is reliable|improve my reputation|avoid bad providers|rank the providers|buy a better rating"
ASK["reputation"] = """
how does [reputation|the rating|scoring|the ranking] work
how [are|do you] [providers|provider] [rated|rate|scored|score|ranked|rank|judged|graded|evaluated] [|providers]
is there a [rating|ranking|score|global rating|rating system|review system|leaderboard|star rating|list of bad providers]
how do i know [which|whether a] provider is [good|reliable|fast|bad|slow|dependable]
can [someone|a provider|anyone|i] [buy|fake|manipulate|cheat for] a [good|better|high] [rating|reputation|score|ranking]
what decides whether a provider is considered [reliable|good|bad]
do you keep [scores|ratings|a score|a record] of providers
do providers have [stars|ratings|reviews|a reputation|scores|a grade]
who [rates|scores|judges|grades|ranks|reviews] [the providers|a provider|providers]
how does my client [remember|know|avoid|learn about] [bad providers|slow providers|good providers|unreliable providers]
[are|can] [fake reviews|bought ratings|false ratings|sybil reviews] [possible|a problem|be made]
can i [leave|write|give|read] [a review|feedback|stars|a rating|reviews]
what is [the score|the reputation|a rating] [based on|made of|computed from]
where [is|are] the [score|scores|ratings|reputation] [stored|kept|saved|published]
does a provider that [failed|was slow|misbehaved] get [a bad mark|punished|a lower score|worse ratings]
is [reputation|the score|the rating] [global|shared|local|public|the same for everyone]
[reputation|ratings|reviews|scores], [how|what is that|explain|do they exist]
which providers are [trustworthy|dependable|the best|popular], who [says so|decides]
how is the [quality|reliability|track record|past behaviour] of a provider [measured|judged|remembered|tracked]
i want to [see|know] the [history|rating|reputation|track record] of a provider
a provider treated me badly, [can i rate it|can i report it|can i warn others]
could a provider [pay for|purchase] [stars|good marks|a good name]
how do clients [judge|grade|evaluate|remember] [providers|the providers they used]
is there something like [stars|reviews|seller feedback|ebay ratings] [for providers|]
what makes a provider look [good|bad] to my client
will a [slow|failing|bad] provider be [chosen|picked] again
do other people's opinions [count|matter] [when a provider is chosen|]
experience with providers, is it [shared|kept|recorded]
"""

NAMES["language"] = "typescript|tolk|the source code|the programming language|the code|the codebase|node 24|the implementation language"
KEYS["language"] = "programming language|typescript|tolk|source code|open source|written in|github|codebase|rust or go|node version|licence|implementation"
ACTIONS["language"] = "see the source code|read the code|change the code|contribute code|inspect the source|compile the contracts"
ASK["language"] = """
[which|what] [programming language|language|coding language|computer language] is [it|cocoon|this|the software|the node] [written|built|made|programmed|coded|implemented] in
is [it|cocoon|this|the code|the software] [open source|free software|open|public|closed source|proprietary]
where is the [source|source code|code|repository]
what is [cocoon|it|this] [written|built|made|programmed|coded|implemented] in
can i [see|read|change|inspect|look at|fork|study] the [code|source|source code]
did you [program|write|code|build] this in [rust|go|python|java|javascript|c]
may i [look at|see|read|inspect|modify] the source
what technology [was used|did you use] to [write|build|make] cocoon
in which language are the [contracts|smart contracts] [written|programmed]
is cocoon [a rust|a python|a go|a java|a javascript|a typescript] [program|project]
[which|what] [version of node|node version|runtime|platform] [does it need|do i need|does it run on]
[python|rust|go|java|javascript|typescript|c++] [or what|or rust|or something else|], what is the code [written|] in
what do i need to [know|learn] to [contribute|change the code|write code for cocoon|hack on cocoon]
which languages did the developers [use|choose]
does it run on [node|python|java|the jvm|deno|bun]
what are the smart contracts [written|coded|made] in
is the [source|code|source code] [available|public|open|published|on github]
[source|code|github|repository], [where|is it open|can i read it]
what is the [implementation|programming|coding] language [of the node|of the contracts|of cocoon|]
i am a [programmer|developer|coder] and [want|would like] to [contribute|help|read the code|send a patch]
how was cocoon [programmed|coded|implemented|written]
what [stack|tech stack|language|technology] [is cocoon|are you] [using|based on|written with]
who can [read|audit|review] the [source|code]
is it coded in [rust|python|go|c]
which [language|tongue] do your [programmers|developers|coders] [write|use]
written in [what|which language]
the software is [programmed|written] in which language
"""

NAMES["budget"] = "api keys|an api key|spend caps|a budget|budgets|a spend cap|a spending limit|cost control|limits for users"
KEYS["budget"] = "api key|budget|spend cap|spending limit|limit users|cost control|quota|cap costs|allowance|keys for users|overspending|restrict spending"
EVENTS["budget"] = "my users spend too much|a user of my app goes crazy|an api key leaks|somebody uses up my money with my app|a budget is used up|a customer sends a million requests"
ACTIONS["budget"] = "limit spending|set a budget|cap my costs|create an api key|give my users keys|stop my users from spending too much|control what my team spends|restrict a user|put a ceiling on costs|set a quota|give my children an allowance"
ASK["budget"] = """
can i [set|have|use|make|create|issue|give out] [a budget|api keys|a spend cap|a spending limit|limits|keys for my users|an api key|a quota]
how [do|can] i [limit|cap|control|restrict|bound] [spending|costs|my costs|what my users spend|what i spend|my spending|expenses|the bill of my app]
how do i [create|make|issue|get|hand out] [an api key|api keys|keys for my users]
is there a [spending limit|budget|quota|spend cap|cost limit|limit per user]
how do i [stop|prevent|keep] my [users|customers|team|employees|app|kids] from [spending too much|wasting money|overspending|using up my ton]
where do [api keys|keys|budgets] come from
is it possible to [put a ceiling on costs|set a limit per user|limit a user|control costs|cap spending]
[several|many|ten|a hundred] [people|users|customers|developers] [use|share] my [client|app|account], how do i [limit each of them|control what they spend|split the budget|give each one a limit]
can [each|every] user [of my app|] have [a limit|a budget|an own key|a separate key|a quota]
what happens when [a budget|a limit|a quota|the spend cap] is [used up|reached|exceeded|gone]
my [users|customers|colleagues|employees|team] [spend|use|cost|consume] too much [ton|money|]
[limit|cap|restrict|control] [spending|costs|expenses|my users|my team]
what [protects me from|prevents] [a huge bill|runaway costs|high costs|overspending|surprise bills]
how can i make sure that [nobody spends more than i allow|my app stays within a budget|costs do not explode|a user cannot empty my wallet]
do you have [api keys|spend caps|quotas|budgets|limits per user]
i [run|have|build|offer] an app with many users, how do i [control costs|give them limits|keep spending in check]
[budget|quota|spending limit|spend cap|api key] [per user|for my app|for a team|how|]
who may spend [my ton|my money|how much] [through my app|]
i do not want to [spend|pay] more than [ten ton|a fixed sum|my limit|i planned], [how|can i set that]
can i [revoke|cancel|limit|restrict] [a key|an api key|a user]
give my [team|users|children|customers] [an allowance|limited access|a small budget|their own keys]
what are api keys [for|good for]
an intern might burn all our money, how do we [avoid|prevent] that
how do i keep [costs|expenses|spending] [low|down|under control|in check|within bounds]
per user [limits|caps|keys|budgets]
set a maximum for [what my app spends|spending|expenses|each user]
my [app|company] has a fixed [budget|sum], how do i [enforce|keep to] it
"""

NAMES["models"] = "the models|the supported models|the default model|the model list|onnx|vllm|sglang|onnx models|the model catalogue|supported llms"
KEYS["models"] = "models|supported models|which llm|llama|qwen|own model|default model|onnx|vllm|sglang|model format|bigger model|mistral|custom model|hugging face"
ACTIONS["models"] = "serve my own model|use another model|run a bigger model|serve llama|put a vllm server behind a node|use an onnx model|bring my own model|choose a model|plug in sglang|load a model from hugging face"
ASK["models"] = """
[which|what] [models|language models|llms|ais|neural networks] [can i use|are supported|are available|do you have|can i run|can i serve|does it run|are there|can a node serve]
can i [use|run|serve|load|host] [my own model|another model|llama|qwen|mistral|a bigger model|vllm|onnx models|a custom model|deepseek|a model from hugging face]
what is the default model
how do i [serve|use|run|load|add] [my own model|another model|a bigger model|a custom model|an onnx model]
i [own|have|run] a [vllm|sglang] server, [may i plug it in|can i use it|can it be connected|can i put it behind a node]
what models does a node know how to serve
is it possible to [bring my own model|use a different model|serve llama|serve several models]
[which|what] [model format|file format|format of models] [is|are] [supported|used|needed|accepted]
does [it|cocoon|a node] [support|run|work with] [llama|qwen|mistral|onnx|vllm|sglang|gguf|safetensors|large models|gpt|gemma|deepseek|phi]
what [ai|model|llm] [do i get|answers|is used] by default
how big can [a model|the model] be
where do [models|the model files] come from
[llama|qwen|mistral|gemma|deepseek], [does that work|can it be served|supported]
my model is [in onnx|in onnx format|fine tuned|very large|on a vllm server], can [a node serve it|i serve it|it be used]
i [trained|fine tuned|downloaded|made] [a model|my own model], can i [serve it|sell it|use it|offer it] [here|on cocoon|]
can [vllm|sglang|another server|my inference server|an upstream server] [be used|stand behind a node|be connected|do the computing]
what [inference engine|engine|backend|runtime] [runs the models|do you use|does a node use|can be used]
list [the models|all models|supported models|available models]
[supported|available|possible|compatible] [models|llms|language models]
what kinds of models [can be served|work|are possible|run on a node]
[bigger|larger|better|other|smarter] models than [this one|the demo|you]
do you have [gpt|llama|a large model|a better model|other models|real models]
which [ai|llm] can a provider [sell|offer|host|serve]
am i [tied|limited] to one model
what can be [served|loaded|hosted] [by a node|on a provider|]
choice of [models|llm|ai models]
my node should offer a different [model|llm|ai], how
the standard model that [ships|comes] with cocoon
"""
