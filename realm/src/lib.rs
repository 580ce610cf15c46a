//! The workshop's identity realm.
//!
//! There is one realm file, [`RealmFile::workshop`], in Keycloak's import format. Keycloak can run
//! it; and so can this crate: [`Realm`] is an authorization server that behaves as a Keycloak realm
//! does to MCP clients, in this process, with keys that are made at start. It is for workshops: its
//! users' passwords stand in a file for everyone to read.
//!
//! - `file` is the realm file,
//! - `clients` are the programs that ask for tokens, `policies` say who may register by themselves,
//!   `documents` describe those that need not,
//! - `keys` are what signs, [`tokens`] what is signed,
//! - `state` is what the realm remembers: logins that go on, sessions, codes, refresh tokens,
//! - `events` are what happens, for the people who run it,
//! - `serve` is the wire: discovery, registration, authorization, login, token, userinfo, keys.
//!
//! ```ignore
//! let realm = Realm::new(RealmFile::workshop()?, "http://localhost:8180")?;
//! axum::serve(listener, realm.router()).await?;
//! ```

mod clients;
mod documents;
mod events;
mod file;
mod keys;
mod policies;
mod serve;
mod state;
pub mod tokens;

pub use self::clients::{Client, Grants, OPENID};
pub use self::events::{Asked, Event};
pub use self::file::{
    AUDIENCE, ClientFile, ClientScope, Component, FileError, Mapper, OFFLINE_ACCESS, RealmFile,
    SCOPE, User,
};
pub use self::keys::{KeyError, KeyRing, RsaKey, now};
pub use self::state::Realm;
