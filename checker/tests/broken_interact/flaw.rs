//! What can be wrong with the store of exercise 4.

use crate::flaw_set::{FlawSet, flaws};

pub type Flaws = FlawSet<Flaw>;

flaws! {
    // buy_product asks first.
    "4.1" {
        /// Buys at once, and asks nobody
        NeverAsks,
        /// Says that nothing can be bought here, instead of asking
        RefusesToAsk,
        /// Sells in the first round, and asks then
        SellsFirst,
        /// Takes out of the stock what it asks about
        KeepsBack,
        /// Gives no requestState, and trusts the second round
        NoState,
        /// Does not say what it costs in total, but what one costs
        NoTotal,
        /// Does not say how many
        NoQuantity,
        /// Does not say of what
        NoProduct,
        /// Asks without a message
        NoMessage,
        /// Asks by a form without fields
        EmptyForm,
        /// Asks by a form with an object in it
        NestedForm,
        /// Asks by a form that is ticked already
        Ticked,
        /// Asks by a form whose box has no label
        NoLabel,
        /// Wants a reason to be filled in as well
        WantsReason,
        /// Wants the password as well
        WantsPassword,
        /// Sends the user to a page for a word
        AsksByUrl,
        /// Asks for the client's roots
        AsksForRoots,
        /// Asks once more after the answer
        AsksTwice,
        /// Takes a yes for a no
        YesIsNo,
        /// Sells one, however many were confirmed
        SellsOne,
        /// Has renamed quantity to count
        RenamedQuantity,
    }

    // A no is a no.
    "4.2" {
        /// Buys when the user declines
        BuysOnDecline,
        /// Buys when the user cancels
        BuysOnCancel,
        /// Buys when the box is not ticked
        BuysOnFalse,
        /// Buys on accept, whatever the form says
        BuysOnAccept,
        /// Takes accept without content for a yes
        NoContentIsYes,
        /// Takes any text for a yes
        TextIsYes,
        /// Takes any number but 0 for a yes
        NumberIsYes,
        /// Looks at the box, and not at the action
        OnlyLooksAtTheBox,
        /// Says no as a success
        NoAsSuccess,
        /// Says no without a word
        SilentNo,
        /// Says no as a protocol error
        NoAsProtocolError,
        /// Asks again after a decline
        InsistsOnYes,
        /// Breaks down when content is null
        NullBreaks,
        /// Sells, and says that it did not
        SellsSilently,
    }

    // Who cannot be asked.
    "4.3" {
        /// Asks everybody, whatever they can
        AsksEverybody,
        /// Asks by a form whoever declares elicitation, in any mode
        AnyModeIsForm,
        /// Takes elicitation without a mode for none
        NoModeIsNone,
        /// Buys for those who cannot be asked
        BuysUnasked,
        /// Refuses those who cannot be asked by a protocol error
        CannotAskAsProtocolError,
        /// Refuses those who cannot be asked without a word
        CannotAskSilently,
    }

    // The state.
    "4.4" {
        /// The state is JSON that anybody can write
        PlainState,
        /// The state is sealed, and the purchase is not in it
        UnboundState,
        /// The state has the product in it, and not how many
        QuantityUnbound,
        /// The state has how many in it, and not of what
        ProductUnbound,
        /// A state is good for more than one purchase
        Replay,
        /// A state to which the user has said no is good for a yes
        YesAfterNo,
        /// Takes the answer to any question for the answer to its own
        TakesAnyAnswer,
        /// A state never expires
        NeverExpires,
        /// A yes is enough, without a state
        StateNotNeeded,
        /// Looks at the beginning of a state only
        HalfState,
        /// Does not mind what stands behind a state
        LongState,
        /// A state that it does not know breaks it
        BadStateBreaks,
        /// Takes an answer that comes with the call, on the older protocol
        LegacyTakesAnswers,
    }

    // The second look.
    "4.5" {
        /// Does not look again after the answer
        NoSecondLook,
        /// Does not look again, and stops at none
        SellsFromAnEmptyShelf,
        /// Lets others in between the second look and the sale
        GapAfterLook,
        /// Tells who is too late by a protocol error
        TooLateAsProtocolError,
    }

    // The chart.
    "4.6" {
        /// show_inventory_chart names no page
        ChartWithoutPage,
        /// show_inventory_chart names its page by the flat key only
        FlatKey,
        /// show_inventory_chart names a page on the web
        PageOnTheWeb,
        /// show_inventory_chart is hidden from the model
        HiddenFromModel,
        /// The page of show_inventory_chart is plain text/html
        ChartAsHtml,
        /// The page of show_inventory_chart cannot be read
        ChartNotThere,
        /// The page of show_inventory_chart is a fragment
        ChartWithoutDoctype,
        /// The page of show_inventory_chart takes its script from elsewhere
        ChartFromCdn,
        /// The page of show_inventory_chart fetches the products
        ChartFetches,
        /// show_inventory_chart shows what there was on opening day
        ChartOfOpeningDay,
        /// show_inventory_chart has no text
        ChartWithoutText,
        /// show_inventory_chart says that there is a chart, and nothing more
        ChartSaysNothing,
        /// show_inventory_chart has no structured content
        ChartWithoutContent,
    }

    // The catalog.
    "4.7" {
        /// show_product_catalog names no page
        CatalogWithoutPage,
        /// The page of show_product_catalog is plain text/html
        CatalogAsHtml,
        /// show_product_catalog names the page of the chart
        CatalogIsChart,
        /// The page of show_product_catalog has in it what the one of the chart has
        CatalogReadsAsChart,
        /// show_product_catalog leaves out what is sold out or soon will be
        CatalogLeavesOut,
        /// show_product_catalog has names and no prices in its text
        CatalogWithoutPrices,
        /// show_product_catalog is only there for hosts that show pages
        CatalogForHostsOnly,
    }

    // What the pages draw.
    "4.8" {
        /// The catalog is three megabytes of blanks
        HugeCatalog,
        /// The chart draws what there was on opening day
        ChartHardCoded,
        /// The bars are as long as the root of the stock
        BarsOutOfProportion,
        /// All bars are alike
        BarsAlike,
        /// What is sold out has a bar of ten pixels
        StubForSoldOut,
        /// What is sold out has no bar
        SoldOutHasNoBar,
        /// The bars have no labels
        BarsWithoutLabels,
        /// The bars are no pictures to a screen reader
        BarsWithoutARole,
        /// The labels of the bars do not say how many
        LabelWithoutStock,
        /// The chart's script breaks
        ChartThrows,
        /// The chart takes names for HTML
        NamesAsHtml,
        /// The catalog takes names for HTML
        NamesInCardsAsHtml,
        /// The cards are no articles
        CardsWithoutARole,
        /// The cards always say that there is some
        BadgeAlwaysInStock,
        /// The cards do not say whether there is any
        BadgeByColor,
        /// The cards have a price that is five cents too high
        PriceWrong,
        /// The cards have the price in cents
        PriceInCents,
        /// The cards have no price
        NoPrice,
        /// The catalog keeps the cards of the result before
        KeepsOldCards,
        /// The pages draw the first result only
        DrawsOnlyFirst,
        /// The pages never say that they are initialized
        NeverInitializes,
        /// The pages do not say which version they have
        BadIntroduction,
        /// The pages do not tell how large they are
        TellsNoSize,
        /// The chart is white in every theme
        IgnoresTheme,
        /// The pages write dark on what the host has behind them
        DarkOnDark,
        /// The cards are wider than a phone
        Overflows,
        /// The pages load a picture
        LoadsAPicture,
        /// The pages go to another address
        GoesElsewhere,
        /// The pages send thousands of messages at once
        Floods,
        /// The pages' script never ends
        LoopsForEver,
    }

    // The buttons.
    "4.9" {
        /// One card has no button
        ButtonMissingOnOne,
        /// The buttons say + and nothing more
        ButtonWithoutAName,
        /// What is sold out has a button
        SoldOutButton,
        /// The buttons do nothing
        DeadButton,
        /// Every button buys the same product
        BuysTheFirst,
        /// The buttons buy two
        BuysTwo,
        /// The buttons buy twice
        BuysTwice,
        /// The buttons cannot be reached by keyboard
        OnlyByMouse,
        /// The catalog stays as it was when something is bought
        DoesNotRedraw,
    }

    // bake.
    "4.10" {
        /// bake reports no progress
        NoProgress,
        /// bake reports progress at its end only
        ProgressAtTheEnd,
        /// bake reports progress that falls
        ProgressFalls,
        /// bake reports progress without a total
        NoProgressTotal,
        /// bake reports progress of another call
        OtherToken,
        /// bake goes on when it is cancelled by a client that did not ask for progress
        GoesOnUnheard,
        /// bake wants a progressToken
        NeedsToken,
        /// bake goes on when it is cancelled
        IgnoresCancel,
        /// bake puts nothing on the shelf
        BakesNothing,
        /// bake says that it baked one less
        BakedLies,
        /// bake bakes what the store does not have
        BakesUnknown,
        /// bake bakes none, and says that all is well
        BakesNone,
        /// bake takes small orders only, and does not say so in its schema
        SmallOvenUntold,
    }

    // connect_payments.
    "4.11" {
        /// connect_payments asks by a form
        PaysByForm,
        /// connect_payments is content with a yes
        YesIsConnected,
        /// connect_payments connects after a no as well
        ConnectsOnNo,
        /// connect_payments shows no code
        NoCode,
        /// connect_payments has the code in the address
        CodeInUrl,
        /// connect_payments sends the user to another machine
        UrlElsewhere,
        /// The page of connect_payments takes any code
        AnyCode,
        /// The page of connect_payments takes no code
        NoCodeIsRight,
        /// The page of connect_payments is not there
        NoPage,
        /// connect_payments sends everybody, whatever their client can
        SendsEverybody,
        /// connect_payments says in the end that it is not connected
        StaysDisconnected,
    }

    // bake_all.
    "4.12" {
        /// bake_all never becomes a task
        NoTask,
        /// bake_all becomes a task for everybody
        TaskForEverybody,
        /// Tasks are not declared
        TasksNotDeclared,
        /// A task does not say how far it is
        SilentTask,
        /// A task always says the same
        TaskSaysTheSame,
        /// A task goes on when it is cancelled
        TaskIgnoresCancel,
        /// tasks/cancel is answered, and cancels nothing
        CancelsNothing,
        /// A task fails as a whole because of one product
        TaskFailsWhole,
        /// bake_all leaves out what it could not bake
        ReportLeavesOut,
        /// bake_all gives no reason for what it could not bake
        ReportWithoutReason,
        /// A task that never was is completed
        KnowsEveryTask,
        /// A task is never over
        EndlessTask,
    }

    // Right, but unusual.
    "harmless" {
        /// The total is written as in Germany
        GermanTotal,
        /// The message is in cents
        TotalInCents,
        /// Whoever comes with a bad state is asked again
        AsksAnew,
        /// An answer that does not fit the form is a protocol error
        UnfitIsProtocolError,
        /// The form has a second field, which may be left empty
        RemarkInForm,
        /// The box is described by its title only
        TitleOnly,
        /// The text of an App is a list for people
        TextForPeople,
        /// The oven takes 20 at a time, as the schema says
        SmallOven,
        /// Pages are blobs
        PagesAsBlobs,
        /// connect_payments asks again until the page is finished
        AsksUntilFinished,
        /// A question expires by whole seconds, as many libraries count them
        WholeSeconds,
        /// The pages' script makes addresses, and fetches nothing
        ScriptWithUrls,
    }

    // Right pages, but unusual.
    "harmless-page" {
        /// The bars grow slowly
        Animated,
        /// The cards are in capitals
        Shouting,
        /// The pages tell their size some time after they have drawn
        TellsSizeLate,
        /// The pages try whether they may compile code, as libraries do, and do without
        ProbesEval,
    }

    // Not begun.
    "missing" {
        /// There are no Apps yet
        NoApps,
        /// The cards have no buttons yet
        NoButtons,
        /// There is no oven yet
        NoOven,
        /// There is no connect_payments yet
        NoPayments,
        /// There is no bake_all yet
        NoBatches,
    }
}
