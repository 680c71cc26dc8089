"""What the pages for people share: one file each, no network, light and dark, wide and narrow."""
import html
import re

STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5d646d; --line: #dfe2e6; --paper: #fff; --panel: #f6f7f8;
  --link: #1a5fb4; --good: #1d7a46; --part: #8a6100; --bad: #b3261e; --bar: #4a7fb5; --bar2: #c9d6e4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e5e8; --soft: #9aa2ac; --line: #33383e; --paper: #16181b;
  --panel: #1e2125; --link: #8ab4f0; --good: #6cc992; --part: #e0b256; --bad: #f28b82; --bar: #6f9fd0;
  --bar2: #34465a; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, header.top, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header.top { padding-top: 2.5rem; }
footer { color: var(--soft); font-size: .85rem; padding-top: 2rem; padding-bottom: 3rem; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 650; margin: 0 0 .6rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; font-weight: 650; margin: 2.8rem 0 .8rem; }
h3 { font-size: 1rem; font-weight: 650; margin: 0; }
p { margin: .5rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
a { color: var(--link); text-decoration: none; overflow-wrap: anywhere; }
a:hover { text-decoration: underline; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: .35rem; padding: .6rem .8rem; margin: .4rem 0; white-space: pre-wrap; }
nav { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 1px solid var(--line);
  margin-top: 1.4rem; }
nav div { max-width: 68rem; margin: 0 auto; padding: .55rem 1.25rem; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem;
  font-size: .9rem; align-items: center; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th.n, td.n { text-align: right; }
tr.sum td { font-weight: 600; border-bottom: 0; }
.wide { overflow-x: auto; margin: 1rem 0 1.4rem; }
select, input, button { font: inherit; font-size: .88rem; color: inherit; background: var(--paper);
  border: 1px solid var(--line); border-radius: .3rem; padding: .15rem .4rem; max-width: 100%; }
.status { font-size: .85rem; font-weight: 600; color: var(--soft); }
.status::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%;
  margin-right: .45em; background: currentColor; }
.good { color: var(--good); } .part { color: var(--part); } .bad { color: var(--bad); }
blockquote { margin: .1rem 0 .6rem; padding-left: .8rem; border-left: 3px solid var(--line); max-width: 46rem; }
ul.evidence { list-style: none; margin: .2rem 0 0; padding: 0; font-size: .88rem; }
ul.evidence li { margin: .12rem 0; padding-left: 1.3em; text-indent: -1.3em; }
ul.evidence li > * { text-indent: 0; }
ul.evidence li::before { content: "\\2713"; display: inline-block; width: 1.3em; text-indent: 0; color: var(--good); }
ul.evidence li.unknown::before { content: "\\2013"; color: var(--soft); }
ul.evidence li.bad::before { content: "\\2717"; color: var(--bad); }
details > summary { cursor: pointer; color: var(--soft); font-size: .88rem; }
article { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: .4rem 1.5rem; padding: 1.1rem 0;
  border-bottom: 1px solid var(--line); }
article .what { display: flex; flex-direction: column; gap: .15rem; align-items: flex-start; }
article p:first-child { margin-top: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, "Segoe UI", Roboto, Arial, sans-serif; fill: var(--ink); }
svg .soft { fill: var(--soft); }
@media (max-width: 44rem) {
  body { font-size: .97rem; } h1 { font-size: 1.45rem; } header.top { padding-top: 1.6rem; }
  article { grid-template-columns: minmax(0, 1fr); }
  article .what { flex-direction: row; flex-wrap: wrap; gap: .1rem .8rem; align-items: baseline; }
}
@media print { nav { position: static; } article { break-inside: avoid; } }
"""


NO_UB = "no undefined behaviour, no wrap-around"


def text(s):
    return html.escape(str(s), quote=True)


def notes(lines):
    """Lines of text, commands in them in backquotes."""
    return "".join('<p class="part">' + re.sub("`([^`]+)`", r"<code>\1</code>", text(line)) + "</p>" for line in lines)


def page(title, body):
    return ("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n")


def link(path, line, what):
    """To a line of a file of the tree, from build/."""
    return f'<a href="../{text(path)}#L{line}">{what}</a>'


def status(word, kind):
    return f'<span class="status {kind}">{text(word)}</span>'


def table(head, rows, numbers=(), total=False):
    """head and rows: HTML; numbers: the columns that are aligned right; total: the last row is a sum."""
    def cells(tag, row):
        return "".join(f"<{tag}{' class=n' if k in numbers else ''}>{c}</{tag}>" for k, c in enumerate(row))
    lines = "".join(f"<tr{' class=sum' if total and r is rows[-1] else ''}>{cells('td', r)}</tr>" for r in rows)
    return f'<div class="wide"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{lines}</tbody></table></div>'


def plural(n, what, many=None):
    return f"{n:,} {what if n == 1 else many or what + 's'}"


def render(found, definitions, spec):
    """One line of evidence. definitions: C function -> (path, line); spec: function of tcp.mlw -> (path, line)."""
    kind = {"proved": "", "passed": "", "open": "bad", "failed": "bad"}.get(found.state, "unknown")
    why = f' <span class="soft">({text(found.why)})</span>' if found.why else ""
    goals = f' <span class="soft">{plural(found.goals, "goal")}</span>' if found.goals else ""
    source = ""
    if found.kind == "test":
        path, name = found.line.split(": ", 1)
        what = f'test {link(path, 1, f"<code>{text(path)}</code>")}: {text(name)}'
    elif found.kind == "theorem":
        path, line, source = found.theorem
        what = "theorem " + link(path, line, f"<code>{text(found.line.split(': ', 1)[1])}</code>")
    elif not found.clauses:
        what = f"<code>{text(found.line.split(': ')[0])}</code>: {NO_UB}, in every function"
    else:
        what, source = render_clause(found, definitions, spec)
    statement = f"<details><summary>statement</summary><pre>{text(source)}</pre></details>" if source else ""
    return f'<li class="{kind}">{what}{goals}{why}{statement}</li>'


def render_clause(found, definitions, spec):
    """(HTML, text of the clauses)."""
    clause, (_, function, label) = found.clauses[0], found.line.split(": ")
    where = definitions.get((clause.path, function)) or definitions.get(function)
    name = "function " + (link(*where, f"<code>{text(function)}</code>") if where else f"<code>{text(function)}</code>")
    if label == "rte":
        return f"{name}: {NO_UB}", ""
    words = re.findall(r"\bspec_(\w+)", " ".join(c.text for c in found.clauses))
    names = [n for n in dict.fromkeys(words) if n in spec]
    of = ", ".join(link(*spec[n], f"<code>{text(n)}</code>") for n in names)
    does = f" does {of} of the specification" if names else ""
    return (f"{name}{does}: clause {link(clause.path, clause.line, f'<code>{text(label)}</code>')}",
            "\n".join(c.text for c in found.clauses))
