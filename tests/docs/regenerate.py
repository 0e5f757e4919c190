"""``python -m tests.docs.regenerate``: write the generated parts of the docs anew."""

from tests.docs.generated import PARTS
from tests.docs.markdown import replace_between

if __name__ == "__main__":
    for page, name, generate in PARTS:
        page.write_text(replace_between(page.read_text(encoding="utf-8"), name, generate()), encoding="utf-8")
