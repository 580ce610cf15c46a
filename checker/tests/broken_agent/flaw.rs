//! Everything that can be wrong with an agent, by the step that it fails.

use crate::flaw_set::{FlawSet, flaws};

flaws! {
    // Offering tools.
    "2.1" {
        /// Never says that a session is open
        NeverInitialized,
        /// Asks no model, and prints an answer of its own
        AsksNoModel,
        /// Sends no key
        NoKey,
        /// Sends the key without Bearer
        BareKey,
        /// Does not send the question
        NoQuestion,
        /// Offers no tools
        NoTools,
        /// Offers the tools of the first page
        FirstPageOnly,
        /// Stops at an empty page
        StopsAtEmptyPage,
        /// Uses only the first of several servers
        FirstServerOnly,
        /// Offers a name that two servers have only once
        SharedNameOnce,
        /// Offers a name that two servers have twice
        SharedNameTwice,
        /// Goes on without a server that is down, and does not say so
        HidesDownServer,
        /// Stops connecting at a server that is down, and goes on with those before it
        StopsAtDownServer,
        /// Panics at a server that is down
        PanicsAtDownServer,
        /// Ends with exit code 0 at a server that is down
        EndsWellAtDownServer,
        /// Offers tools under their own names, which OpenAI may not take
        RawNames,
        /// Cuts long names, and takes none for taken
        CutNames,
        /// Offers tools without schemas
        NoSchemas,
        /// Offers tools without descriptions
        NoDescriptions,
        /// Offers tools with schemas that OpenAI does not take
        RawSchemas,
        /// Offers tools as strict, which their schemas are not made for
        StrictOffers,
        /// Offers only the tools that read
        ReadingToolsOnly,
        /// Offers tools under names that OpenAI does not take
        DottedNames,
        /// Prints the settings on stderr, with the key
        PrintsKey,
        /// Prints the answer on stderr
        AnswerOnStderr,
        /// Ends with exit code 1 after an answer
        ExitsOne,
    }

    // Carrying out a call.
    "2.2" {
        /// Makes the result up
        MakesUpResult,
        /// Calls the tool without arguments
        NoArguments,
        /// Calls the tool twice
        CallsTwice,
        /// Calls the first server that has a tool of this name
        FirstOfName,
        /// Calls tools by the names that the model was offered
        OfferedNames,
        /// Replies under an id of its own
        WrongId,
        /// Leaves out what the model proposed
        ForgetsProposal,
        /// Forgets what the model says beside its calls
        DropsWords,
        /// Tells the result as the user's words
        ResultAsUser,
        /// Tells the model that it is done, and not the result
        HidesResult,
        /// Says on stdout what it does
        ChattyStdout,
    }

    // The loop.
    "2.3" {
        /// Stops after the first round of calls
        OneRound,
        /// Stops after five rounds of calls
        FiveRounds,
        /// Sends the last round of calls only
        Forgets,
    }

    // Several calls.
    "2.4" {
        /// Drops all calls but the first
        DropsSecond,
        /// Drops all calls but the first, and their proposals too
        FirstOnly,
        /// Tells the results under each other's ids
        SwapsResults,
        /// Tells all results under the first id
        OneForAll,
    }

    // Trouble.
    "2.5" {
        /// Panics at an unknown tool
        PanicsOnUnknown,
        /// Ends at an unknown tool
        EndsOnUnknown,
        /// Panics at arguments that are not JSON
        PanicsOnJson,
        /// Takes arguments that are not JSON for none
        JsonAsNothing,
        /// Ends at a tool error
        EndsOnToolError,
        /// Tells the model of a tool error without its text
        HidesToolError,
        /// Panics when the server answers with an error
        PanicsOnRefusal,
        /// Ends when the server is gone
        EndsOnGoneServer,
        /// Tells the model nothing where something went wrong
        TellsNothing,
        /// Takes an empty answer for one
        EmptyAnswer,
    }

    // The limit and the human.
    "2.6" {
        /// Ignores --max-steps
        IgnoresMaxSteps,
        /// Goes on for ever without --max-steps
        NoDefaultLimit,
        /// Never takes more than ten steps
        TenSteps,
        /// Takes a step more than it may
        OneStepMore,
        /// Ends with exit code 0 when it gives up
        GivesUpWithZero,
        /// Asks nobody before a call
        AsksNobody,
        /// Asks before every call
        AsksAboutAll,
        /// Asks only before what is said to be destructive
        AsksForDestructive,
        /// Asks only about tools that say they are not read-only
        SilenceIsReadOnly,
        /// Takes the end of input for a yes
        EndIsYes,
        /// Takes any words for a yes
        AnythingIsYes,
        /// Takes every word that begins with y as a yes
        YesByItsLetter,
        /// Takes y and yes in small letters and without blanks only
        YesToTheLetter,
        /// Takes y alone as a yes
        YesIsOneLetter,
        /// Takes ok for a yes
        OkIsYes,
        /// Asks whether to call the tool, and does not say with what
        AsksWithoutArguments,
        /// Asks without saying what for
        AsksBlindly,
        /// Ends when the user refuses
        EndsOnRefusal,
        /// Tells the model that it is done when the user refuses
        SaysDoneAfterRefusal,
        /// Tells the model nothing when the user refuses
        HidesUsersRefusal,
    }

    // Unusual, and right.
    "harmless" {
        /// Ends at a server that is down, and says which
        EndsAtDownServer,
        /// Says of a tool without arguments that none is required
        RequiresNothing,
        /// Offers a tool without arguments without a schema
        NoEmptySchema,
        /// Tells the model in one word that the user refuses
        TerseRefusal,
    }
}

pub type Flaws = FlawSet<Flaw>;
