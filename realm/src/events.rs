//! What happens at the realm, for the people who run it.

use std::fmt;

use parking_lot::RwLock;
use tracing::info;

use crate::state::Realm;

/// Something that happened. It holds no password, code or token. The names are the clients' own, and
/// not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A program has registered by itself.
    Registered {
        /// Its name.
        client: String,
    },
    /// Somebody has signed in, on behalf of a program.
    SignedIn {
        /// Who.
        user: String,
        /// The program's name.
        client: String,
    },
    /// Somebody said whether a program gets what it asked for.
    Answered {
        /// Who.
        user: String,
        /// The program's name.
        client: String,
        /// Whether it gets that.
        is_granted: bool,
    },
    /// A program got a token.
    Issued {
        /// Who it is for.
        subject: String,
        /// The program's name.
        client: String,
        /// The claim `scope`.
        scope: String,
    },
    /// Somebody was refused something.
    Refused {
        /// What they asked for.
        asked: Asked,
        /// The program, as far as it is known.
        client: Option<String>,
        /// Why, in the words of the answer.
        why: String,
    },
}

/// What a client can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Anything at all.
    Request,
    /// To be registered.
    Registration,
    /// To sign somebody in.
    Login,
    /// A token.
    Token,
}

impl fmt::Display for Event {
    /// In a line, unless a client's name breaks it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered { client } => write!(f, "{client} registered"),
            Self::SignedIn { user, client } => write!(f, "{user} signed in for {client}"),
            Self::Answered {
                user,
                client,
                is_granted,
            } => {
                let did = if *is_granted { "granted" } else { "denied" };
                write!(f, "{user} {did} access to {client}")
            }
            Self::Issued {
                subject,
                client,
                scope,
            } => write!(f, "token for {subject}, to {client}: {scope}"),
            Self::Refused { asked, client, why } => {
                write!(f, "refused: {asked}")?;
                if let Some(client) = client {
                    write!(f, " for {client}")?;
                }
                write!(f, ", {why}")
            }
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Registration => "registration",
            Self::Login => "login",
            Self::Token => "token",
        })
    }
}

/// Who wants to know.
#[derive(Default)]
pub(crate) struct Listeners(RwLock<Vec<Box<Listener>>>);

type Listener = dyn Fn(&Event) + Send + Sync;

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} listeners", self.0.read().len())
    }
}

impl Realm {
    /// Calls this with whatever happens from now on. It must not block.
    pub fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.listeners().0.write().push(Box::new(listener));
    }

    pub(crate) fn tell(&self, event: &Event) {
        info!("{event}");
        for listener in self.listeners().0.read().iter() {
            listener(event);
        }
    }

    pub(crate) fn tell_refused(&self, asked: Asked, client: Option<&str>, why: &str) {
        self.tell(&Event::Refused {
            asked,
            client: client.map(str::to_owned),
            why: why.to_owned(),
        });
    }
}
