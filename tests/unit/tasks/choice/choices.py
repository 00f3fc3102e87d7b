"""Questions with options that the tests of the choice task share."""

from __future__ import annotations

from tilth.tasks.choice.options import upper

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]
QUESTIONS = {
    "palms": "George wants to warm his hands quickly by rubbing them. Which skin surface will produce the "
    "most heat?\nA. dry palms\nB. wet palms\nC. palms covered with oil\nD. palms covered with lotion",
    "magnets": "Why do magnets stick to a refrigerator door?\nA. The refrigerator door is smooth.\n"
    "B. The refrigerator door contains iron.\nC. The refrigerator door is a good conductor.\n"
    "D. The refrigerator door has electric wires in it.",
    "folds": "A fold observed in rock most likely resulted from the\nA. cooling of flowing magma.\n"
    "B. converging of crustal plates.\nC. deposition of river sediments.\nD. solution of carbonate minerals.",
    "numbered": "Which gas do plants give off?\n1. nitrogen\n2. oxygen\n3. ozone\n4. carbon dioxide",
    "sentiment": "I loved it.\n- positive\n- negative\n- neutral",
    "yesno": "Does ice float on water?\n- yes\n- no\n- maybe",
    "lower": "Which floats? (a) a stone (b) a piece of wood (c) an iron nail",
    "ten": "\n".join(["Which month is it?", *(f"{upper(n)}. {month}" for n, month in enumerate(MONTHS))]),
    "values": "How fast?\nA. 5\nB. -5\nC. 5 m/s\nD. 1/2",
    "articles": "Which word fits: ___ sun?\nA. a\nB. the\nC. an\nD. no article",
    "sums": "How much is 1 + 2?\n1. 3\n2. 4\n3. 1",
    "all": "Which of these contains iron?\nA. iron\nB. iron oxide\nC. steel\nD. All of the above",
    "both": "Which of these float?\nA. cork\nB. ice\nC. Both A and B\nD. lead",
    "gas": "Which gas do plants take in?\nA. Oxygen\nB. Carbon dioxide\nC. Nitrogen\nD. Hydrogen",
    "roman": "Which planet is nearest?\n(i) Mercury\n(ii) Venus\n(iii) Earth\n(iv) Mars",
    "force": "How large is the force?\nA) 10 N\nB) 15 N\nC) 5 N",
    "halves": "How much is left?\nA. $\\frac{1}{4}$\nB. $\\frac{1}{2}$\nC. $\\frac{3}{4}$\nD. $2$",
    "speed": "How fast is it?\nA. 5 m/s\nB. 10 m/s\nC. 20 m/s\nD. 5 km/s",
    "fall": "What is the acceleration?\nA. 9.8 m/s²\nB. 4.9 m/s²\nC. 9.8 m/s\nD. 19.6 m/s²",
    "price": "How much does it cost?\nA. $5\nB. $10\nC. $1,000\nD. $15",
    "share": "What share is it?\nA. 25%\nB. 50%\nC. 75%\nD. 5%",
    "angle": "How large is the angle?\nA. 30°\nB. 60°\nC. 90°\nD. 120°",
    "irrational": "What is x?\nA. $\\sqrt{2}$\nB. $2\\sqrt{3}$\nC. $\\pi$\nD. $2\\pi$",
    "slope": "Which is the derivative?\nA. $2x$\nB. $x^2$\nC. $2x + 1$\nD. $x + 1$",
    "heat": "How hot is it?\nA) 20 °C\nB) 25 °C\nC) 30 °C",
    "amounts": "How many?\nA. 5\nB. -5\nC. 10\nD. 1/2",
    "molecules": "How many molecules?\nA. $6.02 \\times 10^{23}$\nB. $3.01 \\times 10^{23}$\n"
    "C. $6.02 \\times 10^{22}$",
    "counts": "How many?\n1. 4\n2. 1\n3. 2\n4. 3",
    "wrong_chinese": "下列说法错误的是（ ）\nA. 植物吸收二氧化碳\nB. 植物吸收氮气\n"
    "C. 植物释放氧气\nD. 植物需要水",
    "wrong_german": "Welche Aussage ist falsch?\nA. Pflanzen brauchen Wasser\nB. Pflanzen essen Steine\n"
    "C. Pflanzen wachsen",
    "wrong": "Which statement is false?\nA. Plants need water\nB. Plants eat stones\nC. Plants grow",
    "truth": "Ice sinks in water.\nA. True\nB. False",
    "sum": "Is the sum correct?\nA. Correct\nB. Incorrect",
}
"""By the name that a line of `choice_replies.jsonl` gives in "of"."""
