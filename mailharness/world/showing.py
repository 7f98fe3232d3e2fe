"""What a world can be shown as: a map of who is where in it, and the scenario file that makes the same world."""

from mailharness.world.blueprint import Domain


class Showing:
    """The forms of a world's blueprint, mixed into the world; it need not run for them."""

    domains: tuple[Domain, ...]

    def svg(self) -> str:
        """The map of the world as an SVG document that stands alone: domains, hosts by role, MX preferences, gateways,
        name servers, routes, backup MX, users and names; of more than 40 domains the first."""
        from mailharness.world.topology_svg import topology_svg

        return topology_svg(self.domains)

    def mermaid(self) -> str:
        """The same map as the source of a Mermaid flowchart."""
        from mailharness.world.topology_mermaid import topology_mermaid

        return topology_mermaid(self.domains)

    def to_toml(self) -> str:
        """The scenario file of the world's domains, which ``read_toml`` and ``mailharness up`` read. What TOML cannot say,
        as a filter that is a function, is named in comments at its head."""
        from mailharness.world.blueprint import to_toml

        return to_toml(self.domains)
