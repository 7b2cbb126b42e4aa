"""How Sphinx writes the documentation. It asks nothing of any other server."""

project = "copier-accelerate"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "copier-accelerate"
smartquotes = False  # -- stays what one types
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_favicon = "../page/icon.svg"
html_theme_options = {
    "light_css_variables": {
        "font-stack": "ui-sans-serif, system-ui, 'Segoe UI', 'Noto Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
        "color-brand-primary": "#0f766e",
        "color-brand-content": "#0f766e",
        "color-background-primary": "#fbfbf9",
        "color-background-secondary": "#f3f3ef",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5ad1c1",
        "color-brand-content": "#5ad1c1",
        "color-background-primary": "#111416",
        "color-background-secondary": "#171b1e",
    },
}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # rendered READMEs begin lower
