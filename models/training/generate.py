"""Training text: every conversation is drawn from the wordings in questions*.py and the answers in facts.py.

Generator(seed).sample() returns one conversation as [(role, text), ...]. Everything depends on the seed alone.
"""
import random
import re
import sys

import skills
from facts import CAN, FACTS, LONG, REFUSAL
from off_topic import FRAMES_RARE, OFF_TOPIC_WIDE, RARE
from questions import *
from questions_d import LATE

# Which long text continues a fact when the user asks for more.
TOPIC = {**dict.fromkeys(FACTS, "overview"), **dict.fromkeys("privacy tee hardware attestation encryption tiers spotcheck".split(), "privacy"),
         **dict.fromkeys("currency price voucher channel loss receipt verify budget".split(), "payments"),
         **dict.fromkeys("failover discovery bids reputation openai client".split(), "request")}
# Turns per hundred in each leg of the training. Skills are short, so their share of the graded tokens is smaller.
MIX = {1: dict(fact=42, long=4, off=20, talk=3, capital=6, convert=7, plural=9, weekday=5, opposite=4),
       2: dict(fact=34, long=3, off=17, talk=3, capital=4, convert=7, plural=20, weekday=9, opposite=3),
       3: dict(fact=34, long=3, off=25, talk=3, capital=4, convert=5, plural=18, weekday=5, opposite=3)}
REPEAT = ["repeat {x}", "say {x}", "repeat after me: {x}", "copy {x}", "echo {x}", "please say {x}", "write {x}", "say exactly {x}", "just say {x}"]


class Generator:
    """Draws conversations. `mix` holds the weights of the kinds of turn; train.py may change it between steps.
    Leg 2 of the training adds invented words and frames to the skills, leg 3 more such words and off-topic questions."""

    def __init__(self, seed, leg=3):
        self.r = random.Random(seed)
        self.leg = leg
        self.off_topic = OFF_TOPIC + OFF_TOPIC_WIDE * 3
        self.ask = {key: lines + [x for x in LATE[key].split("\n") if x] * 2 for key, lines in ASK.items()}
        self.mix = MIX[leg]
        self.keys = list(FACTS)

    def expand(self, grammar):
        """Replaces every [a|b|] by one of its alternatives."""
        while "[" in grammar:
            grammar = re.sub(r"\[([^\[\]]*)\]", lambda m: self.r.choice(m.group(1).split("|")), grammar, count=1)
        return re.sub(r"\s+", " ", grammar).replace(" ,", ",").strip()

    def pseudo(self):
        """An invented word such as "brola"."""
        r = self.r
        return "".join(r.choice("b c d f g h j k l m n p r s t v w z br ch cr dr fl gr pl sh st th tr".split()) + r.choice("a e i o u ee oo ai".split())
                       + r.choice(["", "", "", "n", "r", "l", "m", "t", "ck"]) for _ in range(r.choice([1, 2, 2, 3])))

    def typo(self, w):
        """One slip of the fingers inside a word of four letters or more."""
        r, i = self.r, self.r.randrange(1, len(w) - 1)
        return r.choice([w[:i] + w[i + 1:], w[:i] + w[i] + w[i:], w[:i] + w[i + 1] + w[i] + w[i + 2:], w[:i] + r.choice("abcdefghijklmnopqrstuvwxyz") + w[i + 1:]])

    def noise(self, q, wrap=True):
        """The question as people type it: openers, synonyms, fillers, word order, dropped words, typos, casing, marks."""
        r = self.r
        if wrap and r.random() < .25: q = r.choice(PREFIX) + q
        if wrap and r.random() < .12: q += r.choice(SUFFIX)
        if wrap and r.random() < .08: q = r.choice(CONTEXTS) + " " + q
        words, clean = q.split(" "), r.random() < .25
        if wrap and not clean:
            words = [r.choice(SYNONYMS[w]) if w in SYNONYMS and r.random() < .15 else w for w in words]
            for _ in range(r.choice([0, 0, 0, 0, 0, 1, 1, 2])): words.insert(r.randrange(len(words) + 1), r.choice(FILLERS))
            for _ in range(r.choice([0, 0, 0, 0, 0, 0, 1, 1, 2])): words.insert(r.randrange(len(words) + 1), r.choice(GENERAL) if r.random() < .65 else self.pseudo())
            turn = r.random()
            if turn < .02: r.shuffle(words)
            elif turn < .06 and len(words) > 3:
                i = r.randrange(1, len(words)); words = words[i:] + words[:i]
        if not clean and r.random() < .10 and len(words) > 3: words = [w for w in words if w not in STOP_WORDS or r.random() < .4] or words
        if not clean and r.random() < .10 and len(words) > 4: words.pop(r.randrange(len(words)))
        if not clean and r.random() < .15:
            for _ in range(r.choice([1, 1, 2])):
                i = r.randrange(len(words))
                if len(words[i]) >= 4 and words[i].isalpha(): words[i] = self.typo(words[i])
        style, q = r.random(), " ".join(words)
        if style < .55: q = re.sub(r"[A-Za-z]+(-[A-Za-z]+)?", lambda m: PROPER.get(m.group(0), m.group(0)), q)
        if .08 < style < .65: q = re.sub(r"(^|[.!?] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), q)
        elif style > .97: q = q.upper()
        if r.random() < .3: q = q.replace("what is", "what's").replace("What is", "What's").replace(" do not", " don't").replace(" does not", " doesn't").replace("i am ", "i'm ").replace("I am ", "I'm ").replace("cannot", "can't")
        return q + r.choice(["?", "?", "?", "?", "", "", "", ".", "??", "!"])

    def fact(self):
        """(question, answer, topic of the long text) of one fact."""
        r, key = self.r, self.r.choice(self.keys)
        ways = dict(ask=12, define=2, terse=1, action=4 if key in ACTIONS else 0, event=4 if key in EVENTS else 0)
        way = r.choices(list(ways), list(ways.values()))[0]
        if way == "ask": q = self.expand(r.choice(self.ask[key]))
        elif way == "define": q = r.choice(DEFINE).replace("{x}", r.choice(NAMES[key]))
        elif way == "terse": q = r.choice(TERSE).replace("{x}", r.choice(KEYS[key])).replace("{y}", r.choice(KEYS[key]))
        elif way == "action": q = r.choice(HOW_TO * 2 + COMMAND).replace("{x}", r.choice(ACTIONS[key]))
        else: q = r.choice(EVENT).replace("{x}", r.choice(EVENTS[key]))
        q = self.noise(q)
        return q, FACTS[key][2], TOPIC[key]

    def long(self):
        """(question, long text, None)"""
        r, topic = self.r, self.r.choice(["overview", *LONG])
        names, text = LONG[topic]
        if topic in LONG_QUESTIONS and r.random() < .3: q = self.expand(r.choice(LONG_QUESTIONS[topic]))
        else: q = self.expand(r.choice(LONG_GRAMMAR)).replace("{x}", r.choice(names))
        return self.noise(q, wrap=r.random() < .7), text, None

    def fill(self, grammar):
        """Fills the {n} {v} {a} {p} {c} {d} {w} fields of an off-topic grammar."""
        r, pools = self.r, dict(n=NOUNS, v=VERBS, a=ADJECTIVES, p=PEOPLE, c=PLACES, r=RARE)
        def one(m):
            if m.group(1) == "d": return str(r.randrange(2, 100))
            return self.pseudo() if m.group(1) == "w" or r.random() < .1 else r.choice(pools[m.group(1)])
        return re.sub(r"\{(\w)\}", one, grammar)

    def off(self):
        """(question, refusal, None)"""
        r = self.r
        if r.random() < .3: g = self.expand(r.choice(FRAMES_RARE))
        elif r.random() < .25:
            g = r.choice(r.choice([DEFINE, DEFINE, [self.expand(r.choice(LONG_GRAMMAR))]])).replace("{x}", r.choice(["a {n}", "the {n}", "{n}s", "a {a} {n}", "{w}", "{p}", "{c}", "my {n}", "{n}"]))
        elif r.random() < .2: g = r.choice(r.choice([HOW_TO, EVENT])).replace("{x}", r.choice(["{v} a {n}", "{v} my {n}", "{v} the {a} {n}", "the {n} {v}s", "my {n} is {a}", "{v} in {c}"]))
        else: g = self.expand(r.choice(self.off_topic))
        q = self.noise(self.fill(g))
        return q, REFUSAL, None

    def skill(self, name):
        """(question, answer, None) of one skill; noise stays out of the words that the answer depends on."""
        r = self.r
        fields, answer = skills.DRAW[name](r, False, self.leg)
        frames = skills.FRAMES[name][0] + (skills.LATE_FRAMES.get(name, []) if self.leg > 1 else [])
        way = r.random()
        q = self.noise(r.choice(frames), wrap=way < .6) if way < .9 else r.choice(frames)
        if self.leg > 1 and not all("{%s}" % key in q.lower() for key in fields): q = r.choice(frames)    # noise took the word away
        for key, value in fields.items():
            if r.random() < .04: value = value.upper() if r.random() < .3 else value.lower()
            elif r.random() < .06: value = f'"{value}"'
            q = q.replace("{%s}" % key, value).replace("{%s}" % key.upper(), value)
        return q, answer, None

    def talk(self):
        """(greeting or question about the model, reply, None)"""
        answer, questions = self.r.choice(SMALL_TALK)
        return self.noise(self.r.choice(questions), wrap=False), answer, None

    def copy(self):
        """(request to repeat quoted words, those words, None): used early, so that attention learns to copy."""
        r = self.r
        text = " ".join(self.pseudo() if r.random() < .5 else r.choice(NOUNS + VERBS) for _ in range(r.choice([1, 2, 2, 3, 4])))
        return r.choice(REPEAT).replace("{x}", f'"{text}"'), text, None

    def sample(self):
        """One conversation: 20 % have a system prompt, 20 % more than one turn, some end in a follow-up."""
        r, chat = self.r, []
        if r.random() < .20: chat.append(("system", r.choice(SYSTEM)))
        for i in range(r.choice([1, 1, 1, 1, 1, 1, 1, 1, 2, 3])):
            kind = r.choices(list(self.mix), list(self.mix.values()))[0]
            if i and kind == "long": kind = "fact"
            q, a, topic = self.skill(kind) if kind in skills.FRAMES else getattr(self, kind)()
            chat += [("user", q), ("assistant", a)]
            if kind == "long": break
            if r.random() < .10:
                if topic and r.random() < .6: chat += [("user", self.noise(r.choice(TELL_MORE), False)), ("assistant", LONG[topic][1])]; break
                if kind != "talk": chat += [("user", self.noise(r.choice(AGAIN), False)), ("assistant", a)]
        return chat


if __name__ == "__main__":
    g = Generator(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for _ in range(30): print(g.sample()[-2][1])
