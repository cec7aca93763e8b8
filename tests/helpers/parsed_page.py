"""A page of HTML, taken apart."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img"}


class Parsed(HTMLParser):
    """Every element with its attributes, and the text of each kind of element."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def with_class(self, word):
        return [attributes for _, attributes in self.elements if word in (attributes.get("class") or "").split()]

    @property
    def text(self):
        return " ".join(part for tag, parts in self.texts.items() if tag not in ("script", "style") for part in parts)
