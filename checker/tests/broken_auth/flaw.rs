//! What can be wrong with the store of exercise 5.

use crate::flaw_set::{FlawSet, flaws};

pub type Flaws = FlawSet<Flaw>;

flaws! {
    // The metadata.
    "5.1" {
        /// Lets everybody in
        EverythingOpen,
        /// The metadata is behind the door, too
        MetadataNeedsToken,
        /// The metadata is not JSON
        MetadataIsText,
        /// The metadata is a JSON text
        MetadataIsNoObject,
        /// The metadata breaks down
        MetadataBreaks,
        /// The metadata does not say what it is about
        MetadataWithoutResource,
        /// The metadata is about the store without /mcp
        MetadataWithoutPath,
        /// The metadata is about the store with a slash at the end
        MetadataWithSlash,
        /// The metadata names no port
        MetadataOtherPort,
        /// The metadata is about localhost, whatever the store listens on
        MetadataLocalhost,
        /// The metadata is about the address in the store, whatever STORE_URL says
        IgnoresStoreUrl,
        /// The metadata names no realm
        MetadataWithoutRealm,
        /// The metadata names the realm with a slash at the end
        RealmWithSlash,
        /// The metadata names the realm's text, and no list
        RealmIsNoList,
        /// The metadata has no scope
        MetadataWithoutScope,
        /// The metadata has another scope
        MetadataOtherScope,
        /// The metadata allows tokens in the address
        MetadataWithQuery,
    }

    // The challenge.
    "5.2" {
        /// The 401 does not say where the metadata is
        ChallengeWithoutMetadata,
        /// The 401 names no scope
        ChallengeWithoutScope,
        /// The 401 names a scope that only begins with ours
        ChallengeOtherScope,
        /// The 401 has the metadata's path only
        ChallengeRelative,
        /// The 401 sends clients to another machine
        ChallengeForeign,
        /// The 401 sends clients to a page that is not there
        ChallengeNotThere,
        /// The 401 sends clients to the realm
        ChallengeToRealm,
        /// The 401 has a challenge of another scheme
        ChallengeAsBasic,
        /// The 401 has its parameters without a scheme
        ChallengeWithoutScheme,
        /// The 401 for a bad token does not say that it is bad
        BadTokenWithoutError,
        /// Refuses with 403
        RefusesAsForbidden,
        /// Refuses with 404, as if nothing were there
        RefusesAsNotFound,
        /// Refuses with 200 and a JSON-RPC error
        RefusesInJson,
        /// Sends who has no token to the login page
        SendsToLogin,
        /// Breaks down without a token
        BreaksWithoutToken,
        /// Takes the token from the address as well
        TokenInAddress,
        /// Takes the token as Basic as well
        TokenAsBasic,
        /// Takes the token without the word Bearer as well
        TokenWithoutWord,
        /// Lets in whoever has an empty token
        EmptyTokenIsGuest,
        /// Lets in whoever has a token that it cannot read
        UnreadableIsGuest,
        /// A token that it cannot read breaks it
        UnreadableBreaks,
    }

    // Good tokens.
    "5.3" {
        /// Refuses every token
        RefusesEverybody,
        /// Takes aud for a text, and refuses lists
        AudListRefused,
        /// Takes aud for a list, and refuses texts
        AudTextRefused,
        /// Wants its own address as aud
        ExpectsItsAddress,
        /// Wants a slash at the end of iss
        ExpectsSlash,
        /// Wants our scope to be the only one
        ScopeMustBeAlone,
        /// Wants our scope to be the last
        ScopeMustBeLast,
        /// Wants the scopes as it knows them
        ScopesMustBeAsEver,
        /// Looks for the scope in scp
        LooksAtScp,
        /// Refuses tokens with nbf
        NbfRefused,
        /// Wants a token to be some seconds old
        NbfMustBePast,
        /// Wants every token to have nbf
        NbfIsRequired,
        /// Takes each token once
        SecondRequestRefused,
        /// Refuses a good token on GET
        StreamRefused,
        /// Refuses a good token on DELETE
        EndRefused,
        /// Lets users in, and shows them an empty store
        ShowsNothing,
    }

    // Bad tokens.
    "5.4" {
        /// Does not look at exp
        TakesExpired,
        /// Takes a token without exp for one without an end
        TakesWithoutExp,
        /// Takes an exp that is no number for none
        TakesOddExp,
        /// Does not look at nbf
        TakesNotYetValid,
        /// Does not look at iss
        AnyIssuer,
        /// Does not mind a slash at the end of iss
        IssuerWithSlash,
        /// Takes what begins like its realm for its realm
        IssuerByPrefix,
        /// Takes a token without iss
        NoIssuer,
        /// Takes an iss that is no text for none
        OddIssuer,
        /// Does not look at aud
        AnyAudience,
        /// Expects product-store, whatever AUDIENCE says
        AudienceInCode,
        /// Does not look into a list of aud
        AnyAudienceInList,
        /// Takes an aud that contains its own
        AudienceByContains,
        /// Takes a token without aud
        NoAudience,
        /// Takes an empty list of aud for none to look at
        EmptyAudience,
        /// Takes an aud of another type for none
        OddAudience,
        /// Does not look at typ
        AnyType,
        /// Takes ID tokens
        TakesIdTokens,
        /// Takes refresh tokens
        TakesRefreshTokens,
        /// Takes offline tokens
        TakesOfflineTokens,
        /// Takes alg none
        TakesUnsigned,
        /// Takes HS256, with the public key as it was read from a file
        SecretIsPem,
        /// Takes HS256, with the public key's PEM without the last line end
        SecretIsTrimmedPem,
        /// Takes HS256, with the public key in DER
        SecretIsDer,
        /// Does not look at the signature
        NoSignature,
        /// Knows tokens again by what they say
        RemembersClaims,
        /// Knows tokens again by their signature
        RemembersSignatures,
        /// Knows tokens again by their id
        RemembersIds,
        /// Leaves out what stands behind a signature
        LongSignature,
        /// Leaves out what stands behind the third part
        PartMore,
        /// Of two headers, the first counts
        FirstHeaderCounts,
        /// Of two headers, the last counts
        LastHeaderCounts,
        /// Looks at the token of a session's first request only
        OnlyFirstChecked,
        /// Does not look at tokens on GET
        StreamUnchecked,
        /// Does not look at tokens on DELETE
        EndUnchecked,
        /// Does not look at tokens that come with an answer of the user
        AnswersUnchecked,
        /// Looks at iss in a session's first request only
        IssuerOfFirstRequest,
        /// Does not look at aud on GET
        StreamForOtherAudience,
        /// Does not look at typ on DELETE
        EndForOtherType,
        /// Looks at the token when all is done
        CheckedTooLate,
        /// Looks at aud when all is done
        AudienceCheckedTooLate,
        /// Answers a bad token with 403
        BadTokenIsForbidden,
        /// Answers an ID token as if it lacked a scope
        IdTokenIsForbidden,
        /// The 401 for a token that has expired does not say that it is bad
        ExpiredWithoutError,
        /// Answers every bad token with 400
        BadTokenIsBadRequest,
        /// An expired token breaks it
        ExpiredBreaks,
        /// Lets nobody in any more after a few bad tokens
        BadTokensLockOut,
    }

    // The scope.
    "5.5" {
        /// Does not look at scope
        AnyScope,
        /// Looks for our scope anywhere in the text
        ScopeByContains,
        /// Takes a scope that begins with ours
        ScopeByPrefix,
        /// Takes a scope that ends with ours
        ScopeBySuffix,
        /// Takes our scope in capitals
        ScopeInAnyCase,
        /// Takes a scope that is broader than ours
        ScopeBroader,
        /// Takes our scope with a space in it
        ScopeWithSpace,
        /// Takes a token that has no scope
        NoScopeNeeded,
        /// Looks at the scope of a session's first request only
        ScopeOfFirstRequest,
        /// Answers a token without our scope with 401
        MissingScopeIsUnauthorized,
        /// Answers a token without our scope with 404
        MissingScopeIsNotFound,
        /// The 403 has no challenge
        ScopeRefusalBare,
        /// The 403 does not name the scope
        ScopeRefusalWithoutScope,
        /// The 403 does not say what is wrong
        ScopeRefusalWithoutError,
        /// The 403 says that the token is bad
        ScopeRefusalOtherError,
        /// The 403 does not say where the metadata is
        ScopeRefusalWithoutMetadata,
    }

    // The keys.
    "5.6" {
        /// Fetches the keys once, and never again
        NeverFetchesAgain,
        /// Fetches the keys for each request
        FetchesForEachRequest,
        /// Fetches the keys for each name that it does not know
        FetchesForEachName,
        /// Takes the realm's first signing key where it does not know the named one
        FirstKeyForAll,
        /// Takes the key for encryption as well
        TakesEncryptionKey,
        /// Keeps the newest key only
        DropsOldKey,
        /// Adds the keys that it fetches to those that it has
        KeepsWithdrawnKey,
        /// Lets in whoever it cannot check while the realm is down
        OpenWhileDown,
        /// Lets in nobody for a while when many made-up keys were named
        LocksEverybodyOut,
        /// Never asks a realm again that did not answer once
        NeverAsksAgain,
        /// Does not start without its realm
        DiesWithoutRealm,
    }

    // The buyers.
    "5.7" {
        /// The receipt does not declare its buyer
        BuyerNotDeclared,
        /// The receipt has no buyer
        NoBuyer,
        /// The receipt names the buyer's id
        BuyerIsSub,
        /// The receipt names the buyer's client
        BuyerIsClient,
        /// The receipt always names the same buyer
        BuyerIsConstant,
        /// my_orders wants to be told whose
        OrdersByArgument,
        /// my_orders shows what everybody has bought
        OrdersOfEverybody,
        /// my_orders shows what was bought in this session
        OrdersOfSession,
        /// my_orders shows what was bought with this token
        OrdersOfToken,
        /// my_orders shows what the client's users have bought
        OrdersOfClient,
        /// my_orders shows what the last buyer has bought
        OrdersOfLastBuyer,
        /// my_orders shows what was bought by users of the same name
        OrdersByName,
        /// my_orders forgets what was bought under another name
        OrdersLostWithName,
        /// my_orders shows the newest only
        OrdersOnlyNewest,
        /// my_orders is always empty
        OrdersEmpty,
        /// my_orders does not say that it only reads
        OrdersWithoutHint,
        /// A question can be answered by anybody
        ConfirmationOfAnybody,
        /// A question can be answered by users of the same name
        ConfirmationByName,
        /// A question that somebody else has tried to answer is gone
        ConfirmationSpentByOthers,
        /// Anybody can answer in a session
        SessionAnsweredByAnybody,
        /// Anybody can listen in a session
        SessionReadByAnybody,
        /// Anybody can end a session
        SessionEndedByAnybody,
        /// Anybody can look at a task
        TaskReadByAnybody,
        /// Anybody can cancel a task
        TaskCancelledByAnybody,
    }

    // A client that nobody knows.
    "5.8" {
        /// Lets in nobody but the users of one client
        OneClientOnly,
        /// Takes one token of a login, and no later one
        OneTokenOfALogin,
        /// Asks clients for a scope that the realm does not have
        ChallengeUnknownScope,
    }

    // Right, but unusual.
    "harmless" {
        /// The 401 has another challenge before ours
        TwoChallenges,
        /// The 401 has another challenge in a header of its own
        ChallengesInTwoHeaders,
        /// The challenge is in another order, with names in other case
        OddChallenge,
        /// The metadata has more fields
        MoreMetadata,
        /// The metadata is at the root as well
        MetadataAtRoot,
        /// The metadata is at the root only
        MetadataAtRootOnly,
        /// There is nothing at GET and DELETE, for nobody
        NothingAtGet,
        /// GET and DELETE are not allowed to those who are inside
        NoStreams,
        /// A token that cannot be read is answered with 400
        MalformedIsBadRequest,
        /// The keys are fetched once a second at most, whatever happens
        KeysOnceASecond,
        /// The keys are fetched at the start
        KeysAtStart,
        /// The realm is discovered at another address
        OtherDiscovery,
        /// Clocks may be a minute wrong
        LongLeeway,
        /// Nobody gets in while the realm is down, with 401
        DownIsUnauthorized,
        /// What is refused is not to be stored
        NotToBeStored,
        /// There is a tool more
        MoreTools,
        /// There is no bake_all
        NoBatches,
        /// A token without kid is checked with the first key that signs
        KidNotNeeded,
        /// The word bearer is refused in small letters
        BigBearer,
        /// The session of another is answered with 403
        SessionOfAnotherIsForbidden,
    }

    // Not begun.
    "missing" {
        /// There is no metadata yet
        NoMetadata,
        /// The 401 has no challenge yet
        NoChallenge,
        /// There is no my_orders yet
        NoOrders,
    }
}
