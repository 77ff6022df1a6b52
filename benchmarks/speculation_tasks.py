"""What `speculation.py` lets a model write: chats that ask for much of their prompt again, others, and beginnings."""

from __future__ import annotations

import json

_RECORDS = [
    {"id": number, "name": f"item {number}", "price": 3 * number, "in_stock": True, "tags": ["new", "small"]}
    for number in range(1, 7)
]
_CODE = '''def area(width, height):
    """Returns the area of a rectangle."""
    if width < 0 or height < 0:
        raise ValueError("width and height must not be negative")
    return width * height
'''
_ACCOUNT = """class Account:
    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("the amount must be positive")
        self.balance += amount

    def withdraw(self, amount):
        if amount > self.balance:
            raise ValueError("the balance is too low")
        self.balance -= amount

    def report(self):
        return f"{self.owner} has {self.balance}"
"""
_JAVA = """public static int sumOfDigits(int number) {
    int sum = 0;
    while (number > 0) {
        sum = sum + number % 10;
        number = number / 10;
    }
    return sum;
}
"""
_BOOKS = [
    {"title": "The Long Road", "author": "Nina Holm", "year": 1987, "pages": 312, "available": True},
    {"title": "Salt and Iron", "author": "Peter Lang", "year": 2003, "pages": 198, "available": False},
    {"title": "A Quiet House", "author": "Ruth Okafor", "year": 2015, "pages": 405, "available": True},
    {"title": "Winter Bees", "author": "Jan de Vries", "year": 1999, "pages": 256, "available": True},
]
_PAGE = """<ul class="menu">
  <li><a href="/home">Home</a></li>
  <li><a href="/news">News</a></li>
  <li><a href="/products">Products</a></li>
  <li><a href="/team">Team</a></li>
  <li><a href="/contact">Contact</a></li>
</ul>
"""
_SETTINGS = """[window]
width = 1280
height = 720
title = "Editor"
fullscreen = false

[editor]
font = "Mono"
font_size = 12
tab_width = 4
line_numbers = true

[files]
autosave = true
interval = 60
backup = "backup"
"""
_ARTICLE = """\
The old railway line between the two valleys was closed in 1974, because too few people used it. For thirty \
years the rails rusted and trees grew between them. In 2006 the villages along the line bought the land and made \
it a path for walkers and cyclists.

The path is forty-two kilometres long and has eleven bridges and three tunnels. The longest tunnel is lit by \
lamps that switch on when somebody comes. About sixty thousand people use the path every year, most of them in \
summer.

The villages have gained much from the path. Two old stations are cafes now, and a third one is a small hotel. \
The school in the upper valley, which was to be closed, has more pupils than before."""
_MAIL = """Dear Ms Keller,
thank you for your order of 12 chairs and 3 tables. The chairs will be delivered on Monday, 4 May, between 8 and \
12 in the morning. The tables are made by hand and will follow two weeks later. Please make sure that somebody \
is there to sign for the goods. If the day does not suit you, call us before Thursday.
Kind regards,
Daniel Wolf"""
_TYPOS = """\
Our museum shows how people livd in the mountains two hundred years ago. In the first room you see the kichen \
with its open fire. In the second room there are tools for making chese and butter. The third room shows cloths \
and shoes. Childern may touch everything in the last room. The museum is open from May to October, and tickits \
cost six euros."""

CHATS = {
    "code, function renamed": f"Rename the function `sumOfDigits` to `digitSum` and print the whole code:\n"
    f"```java\n{_JAVA}```",
    "code, class renamed": f"Rename the class `Account` to `BankAccount` and print the whole code:\n"
    f"```python\n{_ACCOUNT}```",
    "code, comments added": f"Add a docstring to each method and print the complete code:\n```python\n{_ACCOUNT}```",
    "JSON, a value changed": f"Print this JSON array again, with the year of Winter Bees changed to 2001:\n"
    f"```json\n{json.dumps(_BOOKS, indent=2)}\n```",
    "JSON, a key added": f'Add the key "language" with the value "English" to each book and print the whole array:\n'
    f"```json\n{json.dumps(_BOOKS, indent=2)}\n```",
    "HTML, an entry added": f"Add an entry for the page /prices to this menu and print the whole menu:\n"
    f"```html\n{_PAGE}```",
    "settings, a value changed": f"Set font_size to 14 in this file and print the complete file:\n"
    f"```toml\n{_SETTINGS}```",
    "article, a paragraph quoted": f"{_ARTICLE}\n\nQuote the first paragraph of this text word for word.",
    "article, sentences picked": f"List every sentence of the following text that contains a number:\n\n{_ARTICLE}",
    "article, summary": f"Summarize the following text in three sentences.\n\n{_ARTICLE}",
    "mail, changed": f"Rewrite this mail: the chairs come on Tuesday, 5 May. Keep all else as it is.\n\n{_MAIL}",
    "spelling corrected": f"Correct the spelling mistakes of this text and print the whole text:\n\n{_TYPOS}",
    "a story": "Tell me a story about a clockmaker who loses his watch.",
    "an explanation": "Explain how a refrigerator works.",
    "advice": "How do I prepare for a job interview?",
    "a poem": "Write a poem about an old bridge.",
    "a letter": "Write a letter to the mayor that asks for a new playground.",
}
CONTINUATIONS = {
    "JSON records, continued": json.dumps(_RECORDS, indent=1)[:-2] + ",\n",
    "code, continued": "".join(f"# Version {number}:\n{_CODE}\n" for number in (1, 2, 3)) + "# Version 4:\n",
    "a quotation, continued": "The rule says: all animals are equal, but some animals are more equal than others. " * 3
    + "The rule",
    "a story, continued": "Once upon a time, in a town by the sea, there lived",
    "an explanation, continued": "The three most important ideas of modern physics are",
    "a letter, continued": "Dear Sir, I am writing to you because",
}
