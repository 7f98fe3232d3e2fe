"""Drawing: lettering, markup and Mermaid, whatever text is in them."""
