//! Everything that can be wrong with a client, by the step that it fails.

use crate::flaw_set::{FlawSet, flaws};

flaws! {
    // Info.
    "1.2" {
        /// Greets with initialize alone
        OnlyInitialize,
        /// The same, and who should say so is not written yet
        TodoElsewhere,
        /// Greets with server/discover alone
        OnlyDiscover,
        /// Offers no version, and so sends nothing
        OffersNoVersion,
        /// Offers a version that never was
        OffersUnknownVersion,
        /// Takes it that every server says its name
        UnwrapsServerInfo,
        /// Never says that the session is open
        NeverInitialized,
        /// Says that the session is open without naming the session
        InitializedElsewhere,
        /// Takes any kind of answer, and names none
        AcceptsAnything,
        /// Does not say that it sends JSON
        NoContentType,
        /// Forgets the headers that repeat what is in the body
        NoMethodHeader,
        /// Sends nothing, and prints a name of its own
        AsksNothing,
        /// Prints no name
        NoName,
        /// Prints 2026-07-28, whatever was agreed
        OwnVersion,
        /// Prints answers on stderr
        AnswersOnStderr,
        /// Ends with exit code 1 after info
        InfoExitsOne,
        /// Panics in info
        InfoPanics,
        /// Never ends in info
        InfoHangs,
    }

    // List.
    "1.3" {
        /// Does not ask for the tools
        NeverLists,
        /// Ignores nextCursor
        IgnoresCursor,
        /// Asks for the first page again, without the cursor
        ForgetsCursor,
        /// Hands the cursor back in capitals
        CursorInCapitals,
        /// Hands the cursor back as a number where it looks like one
        CursorAsNumber,
        /// Hands back the beginning of a long cursor
        ShortCursor,
        /// Takes an empty cursor for none
        EmptyCursorIsNone,
        /// Stops at an empty page
        StopsAtEmptyPage,
        /// Prints what servers send as it is
        RawEscapes,
        /// Stops after the third page
        ThreePages,
        /// Leaves out the last tool of each page
        DropsLastOfPage,
        /// Prints names without descriptions
        NoDescriptions,
        /// Takes it that every tool is described
        UnwrapsDescription,
    }

    // Call and read.
    "1.4" {
        /// Does not call the tool
        NeverCalls,
        /// Calls the tool twice
        CallsTwice,
        /// Sends every argument as text
        ArgumentsAsText,
        /// Sends the arguments as one string
        ArgumentsAsString,
        /// Sends no arguments
        NoArguments,
        /// Calls the first tool that there is with another name
        OtherTool,
        /// Prints the first block of content only
        FirstBlockOnly,
        /// Takes it that every block is text
        UnwrapsText,
        /// Takes a result that does not say isError for an error
        WantsIsError,
        /// Prints no structured content
        NoStructured,
        /// Does not read the resource
        NeverReads,
        /// Reads the URI in small letters
        OtherUri,
        /// Prints the first of the contents only
        FirstContentsOnly,
    }

    // Telling apart.
    "1.5" {
        /// Takes it that an error begins with a text
        UnwrapsErrorText,
        /// Prints a tool error as a success
        ErrorAsSuccess,
        /// Prints a tool error on stdout, with exit code 1
        ErrorOnStdout,
        /// Prints a tool error on stdout as well
        ErrorOnBoth,
        /// Says that something went wrong when a request is refused, and not what
        SwallowsRefusal,
        /// Says nothing of a resource that is not there
        SwallowsReadErrors,
        /// Ends with 3 when the connection breaks
        BrokenIsRefused,
        /// Ends with 1 when a request is refused
        RefusalExitsOne,
        /// Ends with 3 when the tool reports an error
        ErrorExitsThree,
        /// Ends with 1 when nobody answers
        UnreachableExitsOne,
        /// Says nothing when nobody answers
        UnreachableSilent,
        /// Ends with 3 when something else answers
        ElsewhereExitsThree,
        /// Takes a web page for an answer
        PageAsAnswer,
        /// Takes any JSON for an answer
        JsonAsAnswer,
        /// Ends with 3 when it is redirected
        MovedExitsThree,
        /// Ends with 1 when what answers does not speak HTTP
        BannerExitsOne,
    }

    // The door.
    "1.6" {
        /// Sends the key with the handshake only
        KeyOnceOnly,
        /// Sends no key
        NoKey,
        /// Sends the key in another header
        KeyElsewhere,
        /// Puts Bearer in front of every key
        BearerInFront,
        /// Sends no other header than Authorization
        OnlyAuthorization,
        /// Fetches the metadata with the key, wherever it is
        MetadataWithKey,
        /// Follows redirects with the key, wherever they lead
        FollowsRedirects,
        /// Prints the headers that it sends
        PrintsKey,
        /// Reads the first challenge only
        FirstChallengeOnly,
        /// Knows the name of a challenge's parameter in small letters only
        ChallengeInSmallLetters,
        /// Does not say where to log in
        NoLogin,
        /// Says the address of the metadata instead of what is in it
        MetadataAsLogin,
        /// Ends with 4 when a key is needed
        LoginExitsFour,
    }

    "harmless" {
        /// Where all it does is say hello, it ends the session as it says that the session is open
        LeavesWhileGreeting,
    }
}

pub type Flaws = FlawSet<Flaw>;
