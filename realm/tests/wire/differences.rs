//! All that Keycloak does otherwise than the stand-in, and why that is well.

use crate::under_test::UnderTest;

/// Something that differs.
pub struct Difference {
    #[expect(dead_code, reason = "for who reads this")]
    what: &'static str,
    keycloak: &'static [&'static str],
    stand_in: &'static str,
    #[expect(dead_code, reason = "for who reads this")]
    why: &'static str,
}

/// Metadata lists more than the stand-in has.
pub const MORE_METADATA: Difference = Difference {
    what: "metadata lists logout, introspection, devices, and every algorithm that there is",
    keycloak: &["true"],
    stand_in: "false",
    why: "No MCP client uses them. What the stand-in lists, it does.",
};

/// Who is answered.
pub const FOREIGN_HOST: Difference = Difference {
    what: "a request for another host gets no answer",
    keycloak: &["200"],
    stand_in: "403",
    why: "A page whose domain resolves to 127.0.0.1 could read the answers (DNS rebinding). Keycloak leaves that to a proxy in front of it.",
};

/// Which scopes a client has that has registered with some.
pub const SCOPES_OF_REGISTERED: Difference = Difference {
    what: "a client that registers with a scope has the realm's default scopes too",
    keycloak: &["true", "false"],
    stand_in: "true",
    why: "Keycloak 26.8 gives them (keycloak#50807), 26.7 does not. The user's name is in mcp:access for that.",
};

/// What is said of metadata that is not known.
pub const UNKNOWN_FIELD: Difference = Difference {
    what: "how a registration with an unknown field is refused",
    keycloak: &["Unrecognized field \"resource\" at line"],
    stand_in: "Unrecognized field \"resource\".",
    why: "The line and the column are Jackson's.",
};

impl UnderTest {
    /// Whether this is how it is here.
    pub fn does(&self, difference: &Difference, got: &str) -> bool {
        if self.is_keycloak {
            difference.keycloak.iter().any(|words| got.contains(words))
        } else {
            got.contains(difference.stand_in)
        }
    }
}
