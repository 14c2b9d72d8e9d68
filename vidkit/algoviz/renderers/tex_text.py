r"""Text for pdflatex: its ten special characters escaped, symbols as mathematics."""

from __future__ import annotations

import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "-": "{-}", " ": r"\ ", "\u00a0": r"\ ", "…": r"\ldots{}", "–": r"\textendash{}", "—": r"\textemdash{}",
    "·": r"\textperiodcentered{}", "•": r"\textbullet{}", "°": r"\textdegree{}", "€": r"\texteuro{}",
    "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "‘": "{`}", "’": "{'}",
}  # fmt: skip
_MATH = {
    "∞": r"\infty", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "→": r"\to", "←": r"\leftarrow",
    "↑": r"\uparrow",
    "↓": r"\downarrow", "↖": r"\nwarrow", "↗": r"\nearrow", "↘": r"\searrow", "↙": r"\swarrow",
    "↔": r"\leftrightarrow", "⇒": r"\Rightarrow", "⇐": r"\Leftarrow", "∅": r"\varnothing", "×": r"\times",
    "÷": r"\div", "±": r"\pm", "√": r"\surd", "∈": r"\in", "∉": r"\notin", "∪": r"\cup", "∩": r"\cap",
    "⊂": r"\subset", "⊆": r"\subseteq", "∑": r"\sum", "∏": r"\prod", "∧": r"\wedge", "∨": r"\vee",
    "¬": r"\neg",
    "∀": r"\forall", "∃": r"\exists", "≈": r"\approx", "≡": r"\equiv", "−": "-", "∙": r"\cdot", "⋅": r"\cdot",
    "✓": r"\checkmark", "★": r"\bigstar", "▲": r"\blacktriangle", "▼": r"\blacktriangledown",
    "►": r"\blacktriangleright", "◄": r"\blacktriangleleft", "■": r"\blacksquare", "□": r"\square",
    "⌊": r"\lfloor", "⌋": r"\rfloor", "⌈": r"\lceil", "⌉": r"\rceil", "↵": r"\hookleftarrow",
    "⟶": r"\longrightarrow", "↦": r"\mapsto", "∘": r"\circ", "½": r"\frac12", "¼": r"\frac14", "²": "^2",
    "³": "^3", "¹": "^1", "⁰": "^0", "ⁿ": "^n", "₀": "_0", "₁": "_1", "₂": "_2",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi",
    "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip


def is_set(text: str) -> bool:
    """Whether pdflatex has every letter of a text."""
    return all(_one(character) is not None for character in unicodedata.normalize("NFC", text))


def to_tex(text: str) -> str:
    """A text that TeX sets as it stands, whatever is in it; letters that it lacks become question marks."""
    return "".join(_one(character) or "?" for character in unicodedata.normalize("NFC", text))


def _one(character: str) -> str | None:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _MATH:
        return rf"\ensuremath{{{_MATH[character]}}}"
    if character in _GREEK:
        return rf"\ensuremath{{\{_GREEK[character]}}}"
    return character if " " < character < "\x7f" or _is_latin(character) else None


def _is_latin(character: str) -> bool:
    """Whether T1 fonts have it: the letters of Western and Central Europe."""
    is_letter = 0xC0 <= ord(character) <= 0x17E and unicodedata.category(character)[0] == "L"
    return is_letter or character in "¡¿§«»"
