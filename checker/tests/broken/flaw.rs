//! Everything that can be wrong with the store, by the step that it fails.
//!
//! What breaks everything stands under the first step that it fails.

use crate::flaw_set::{FlawSet, flaws};
use crate::protocol::faults::{Fault, Faults};

flaws! {
    some of Fault;

    // The server answers, and says who it is.
    "3.1" {
        /// Calls itself `rmcp`, as the library does unless it is told a name
        LibraryName,
        /// Has an empty version
        NoVersion,
        /// Has a version that is a number
        VersionAsNumber,
        /// Does not know server/discover
        NoDiscover = Fault,
        /// Does not know initialize
        NoInitialize = Fault,
        /// Agrees on the protocol version 1999-01-01 in initialize
        UnknownProtocol = Fault,
        /// Leaves 2026-07-28 out of its supported versions
        DiscoverWithoutModern = Fault,
        /// Leaves resultType out of every modern result
        NoResultType = Fault,
        /// Exits with 3 instead of serving
        ExitsAtOnce = Fault,
        /// Panics instead of serving
        PanicsAtStart = Fault,
        /// Panics in a library instead of serving
        PanicsInLibrary = Fault,
        /// Listens on a port of its own, whatever it is told
        OwnPort,
        /// Never answers over HTTP
        NeverAnswers = Fault,
        /// Answers byte by byte over HTTP, five a second
        SlowAnswers = Fault,
        /// Answers 200 with JSON that is none
        Garbage = Fault,
        /// Answers in JSON without a content type
        NoContentType = Fault,
        /// Answers in JSON, and says that it is plain text
        PlainText = Fault,
        /// Answers 400 to notifications/initialized, and to all that is only told
        RefusesNotifications = Fault,
        /// Sends everybody to another address
        Redirects = Fault,
        /// Answers 406 with a JSON-RPC error to everything
        NotAcceptable = Fault,
        /// Answers 200 with a web page
        Html = Fault,
        /// Answers without "jsonrpc": "2.0"
        NoJsonrpc = Fault,
        /// Answers with another id
        WrongIds = Fault,
        /// Answers with an event stream of nothing but comments, for ever
        EndlessStream = Fault,
        /// Answers with one event of more and more data, for ever
        EndlessFlood = Fault,
        /// Says that its port is taken, and exits
        PortInUse = Fault,
        /// Wants a bearer token for everything
        NeedsToken = Fault,
        /// Answers 500 to everything
        ServerError = Fault,
    }

    // list_products.
    "3.2" {
        /// Leaves tools out of its capabilities
        ToolsNotDeclared,
        /// The tool is called listProducts
        MisnamedTool,
        /// list_products has no structured content
        TextOnly,
        /// list_products has structured content and no text
        NoMirror,
        /// The text of list_products shows another stock than its structured content
        MirrorDiffers,
        /// Sells two products only
        TwoProducts,
        /// list_products gives prices as text ("3.20"), against its schema
        PriceAsText,
        /// list_products declares no output schema
        NoOutputSchema,
        /// The output schema of list_products is not a JSON Schema
        BrokenOutputSchema,
        /// list_products says `price` for `price_cents`, in its schema too
        RenamedField,
        /// list_products says that a price is a number, not an integer
        PriceAsNumber,
        /// list_products says that a name may be null
        NullableName,
        /// list_products is declared with a description that is a number
        DescriptionAsNumber,
        /// Sells two products of the same name
        Twins,
        /// list_products answers with a protocol error
        ListProtocolError,
        /// Exits with 7 on the second POST
        ExitsOnSecondRequest = Fault,
        /// list_products answers with 400 MB over HTTP
        HugeResult,
        /// Has terminal escapes in its texts; list_products has nothing else
        AnsiTexts,
        /// list_products panics, and the connection drops
        Panics,
        /// list_products panics in a task, and is never answered
        PanicsAndHangs,
    }

    // buy_product sells.
    "3.3" {
        /// Selling does not lower the stock
        StockStays,
        /// Each session has an inventory of its own and, in the modern era, each request
        InventoryPerSession,
        /// Every receipt is the one for 1 Croissant
        CannedReceipt,
        /// The total is the price of one
        WrongTotal,
        /// The receipt shows the stock from before the sale
        WrongRemaining,
        /// However many are sold, the stock falls by one
        SellsOne,
        /// The receipt is text without structured content
        ReceiptAsText,
        /// buy_product wants `product` for `product_name`, in its schema too
        RenamedParameter,
        /// The receipt has its total as a string, against its schema
        ReceiptLies,
        /// The stock falls some time after the receipt
        FallsLater,
        /// buy_product is never answered
        HangsOnBuy,
    }

    // buy_product refuses.
    "3.4" {
        /// A refusal shows the first 20 bytes of a name, and panics in the middle of a letter
        CutsNames,
        /// Sells 0 of a product
        AcceptsZero,
        /// Sells -1 of a product, and the stock grows
        AcceptsNegative,
        /// Sells 1 when asked for 1.5
        AcceptsFraction,
        /// Sells 1 when asked for 0.5
        RoundsUp,
        /// Sells more than there is, if there is any
        Oversells,
        /// Refuses an unknown product with isError false
        UnknownAsSuccess,
        /// Refuses too many with isError false
        RefusalAsSuccess,
        /// Refuses too many with a protocol error
        RefusalAsProtocolError,
        /// Refuses with isError true and no content
        EmptyRefusal,
        /// Refuses with nothing but the word "error"
        VagueRefusal,
        /// Refuses everything with the same words
        SameRefusal,
        /// Refuses too many, and takes one from the stock nevertheless
        RefusalTakesStock,
        /// Sells 2 when asked for "2"
        AcceptsTextNumber,
        /// Sells 1 when the quantity is missing
        DefaultQuantity,
        /// Sells 1 when asked for 4294967297
        HugeWraps,
        /// Refuses a quantity of text with a protocol error
        MistypedAsProtocolError,
        /// Sells its first product when asked for an unknown one
        UnknownProductSellsFirst,
        /// Sells one more than there is
        OversellsByOne,
        /// Refuses to sell all that is left
        RefusesAll,
        /// Sells one of what is sold out
        SellsSoldOut,
        /// Panics when asked for what is sold out
        SoldOutPanics,
        /// Leaves what is sold out out of every list
        HidesSoldOut,
        /// Finds a product by the beginning of its name
        FindsByBeginning,
        /// Finds a product by any part of its name
        FindsByPart,
        /// Finds a product whose name is the beginning of what was asked for
        FindsByMore,
        /// Finds a product whatever its case, and writes the name as it was typed on the receipt
        EchoesName,
        /// Finds a product with blanks around its name, and sells two of it
        BlanksSellTwo,
    }

    // The last one is sold once.
    "3.5" {
        /// Looks at the stock, waits, and sells whatever has happened since
        Race,
        /// Refuses everybody who buys the same product at the same moment
        NobodyWins,
        /// Who loses a race gets a protocol error
        LoserProtocolError,
        /// Purchases at the same moment lower the stock once
        LostUpdate,
    }

    // The server describes itself.
    "3.6" {
        /// buy_product has no description
        NoToolDescription,
        /// The quantity has no description
        NoParameterDescription,
        /// buy_product has no description, and none of its parameters has one
        NothingDescribed,
        /// list_products has no description
        NoListDescription,
        /// There is a tool more, without a description
        ExtraToolUndescribed,
        /// No tool has annotations
        NoAnnotationsAnywhere,
        /// The maximum of the quantity is a text, so that the schema is none
        BrokenInputSchema,
        /// The quantity has no minimum and no maximum
        NoConstraint,
        /// buy_product has no annotations
        NoAnnotations,
        /// buy_product says that it only reads
        DishonestAnnotations,
        /// list_products says that it changes something
        ListNotReadOnly,
        /// An unknown tool is a tool error
        UnknownToolAsResult,
        /// buy_product says that buying twice is buying once
        IdempotentBuy,
        /// The quantity has a minimum of 2
        MinimumOfTwo,
        /// The error for an unknown tool has a text as its code
        ErrorCodeAsText,
        /// An unknown tool is an internal error
        UnknownToolBreaks,
    }

    // Stdio.
    "3.7" {
        /// Does not know --stdio
        NoStdio,
        /// Ends as soon as a session has begun over stdio
        StdioEndsAtOnce = Fault,
        /// Prints a banner on stdout before serving stdio
        StdoutBanner = Fault,
        /// Logs to stdout while serving stdio
        StdoutLogs,
        /// Prints a line on stdout for each purchase over stdio
        StdoutOnBuy,
        /// Prints a line on stdout for each search over stdio
        StdoutOnSearch,
        /// Prints a line on stdout for each resource that is read over stdio
        StdoutOnRead,
        /// Prints a line on stdout for each prompt over stdio
        StdoutOnPrompt,
        /// Prints a line on stdout for each completion over stdio
        StdoutOnComplete,
        /// Writes error: null beside each result on stdio
        StdioErrorNull = Fault,
        /// Goes on when its stdin is closed
        OutlivesStdin = Fault,
        /// Has no buy_product on stdio
        StdioOtherTools,
        /// Spreads its messages over several lines on stdio
        StdioGarbles = Fault,
        /// Never answers on stdio
        StdioHangs = Fault,
        /// Writes Latin-1 on stdio, not UTF-8
        StdioLatin1 = Fault,
    }

    // Safe by default.
    "3.8" {
        /// Listens on 0.0.0.0 by default
        AllInterfaces,
        /// Accepts every Origin
        AnyOrigin = Fault,
        /// Accepts every Host
        AnyHost = Fault,
        /// Refuses every Origin, that of this machine too
        NoOrigin = Fault,
        /// Refuses http://127.0.0.1 as an Origin
        LocalhostOnly = Fault,
        /// Accepts each Origin that begins with http://localhost
        OriginByPrefix = Fault,
        /// Accepts each Origin that holds localhost
        OriginContains = Fault,
        /// Accepts the Origin null
        NullOrigin = Fault,
        /// Accepts each Host that begins with localhost
        HostByPrefix = Fault,
        /// Does as a foreign Origin asks, then answers 403
        LateOriginCheck = Fault,
        /// Refuses a foreign Origin with 400
        OriginWrongStatus = Fault,
        /// Refuses a foreign Host with 404
        HostWrongStatus = Fault,
    }

    // search_products.
    "3.9" {
        /// The search ignores the keyword
        SearchIgnoresKeyword,
        /// The search ignores the lowest price
        SearchIgnoresMin,
        /// The search ignores the highest price
        SearchIgnoresMax,
        /// The search leaves out products that cost exactly a bound
        SearchExclusive,
        /// The search wants the keyword in the right case
        SearchCaseSensitive,
        /// The search looks at the beginning of names only
        SearchAtBeginning,
        /// The search looks for whole words only
        SearchWholeWords,
        /// The search knows ASCII letters only
        SearchAsciiOnly,
        /// The search leaves out what is sold out
        SearchHidesSoldOut,
        /// search_products panics, and the connection drops
        SearchPanics,
        /// The search looks at the first byte of the keyword, and panics in the middle of a letter
        CutsKeyword,
        /// A search leaves on the shelf what it has found
        SearchEmptiesShelf,
        /// The search takes the lowest price for the highest, and the other way round
        SearchSwapsPrices,
        /// A search that finds nothing is a tool error
        SearchNothingIsError,
    }

    // Resources.
    "3.10" {
        /// Leaves resources out of its capabilities
        ResourcesNotDeclared,
        /// An unknown URI has empty contents
        EmptyContents,
        /// A name that is not UTF-8 panics
        UndecodableUri,
        /// An unknown URI has the inventory
        UnknownUriSuccess,
        /// What is read is text/plain
        TextPlain,
        /// store://inventory shows the stock of opening day for ever
        StaleInventory,
        /// store://inventory shows the stock of when it was first read for ever
        InventoryKept,
        /// Whatever is read has the uri of the inventory
        OtherUri,
        /// What ends in /{name} is a product, whatever stands before it
        AnyPath,
        /// The beginning of a name is enough in store://products/{name}
        ProductByBeginning,
        /// An unknown URI is an internal error
        UnknownUriBreaks,
        /// store://products/{name} says `price` for `price_cents`
        ProductFieldRenamed,
        /// store://products/{name} has its price as text
        ProductPriceAsText,
        /// The name in store://products/{name} is not percent-decoded
        UndecodedName,
        /// The template is not listed
        NoTemplate,
        /// What is read is not JSON
        ResourceNotJson,
        /// store://products/{name} always has the first product
        ProductWrong,
    }

    // Prompts and completions.
    "3.11" {
        /// Leaves prompts out of its capabilities
        PromptsNotDeclared,
        /// Leaves completions out of its capabilities
        CompletionsNotDeclared,
        /// The prompt leaves the occasion out
        PromptIgnoresOccasion,
        /// The prompt lists what is over the budget too
        PromptIgnoresBudget,
        /// The prompt leaves out what costs exactly the budget
        BudgetExclusive,
        /// The prompt has no products
        PromptWithoutProducts,
        /// The prompt lists what is sold out, too
        PromptShowsSoldOut,
        /// The prompt is in the assistant's role
        AssistantRole,
        /// The prompt refuses a budget of text, which every budget is
        BudgetAsNumber,
        /// The prompt does without an occasion
        OccasionOptional,
        /// There are no completions for an occasion
        NoCompletions,
        /// All occasions complete everything
        CompletionIgnoresPrefix,
        /// Occasions are completed by any part of them
        CompletionContains,
        /// The budget is completed with occasions
        CompletesOtherArguments,
        /// Every prompt's occasion is completed, whatever the prompt is called
        CompletesOtherPrompts,
        /// An unknown prompt has no messages
        UnknownPromptEmpty,
        /// A budget that is no number is ignored
        BadBudgetAccepted,
        /// A budget may be any number of floating point
        FloatBudget,
    }

    "harmless" {
        /// Writes 10 MB to stderr
        StderrFlood = Fault,
        /// Writes 10 MB to stdout before it serves HTTP
        StdoutFlood = Fault,
        /// A foreign Host gets 421, Misdirected Request
        HostMisdirected = Fault,
        /// Answers over HTTP in event streams that hold what the standard tells to ignore
        OddEvents = Fault,
        /// Wants the name of what is bought in a header too
        WantsHeaders = Fault,
        /// Over stdio each message comes in pieces, its line end last
        StdioInPieces = Fault,
        /// The prompt says that the store is famous for its wedding cake
        NamesItsBest,
        /// Finds a product whatever its case, with blanks around its name as well
        LenientNames,
        /// Lists its products in another order each time
        NoOrder,
        /// Sells three at a time, and no more
        SmallOrders,
        /// Has a million million of everything, and no limit
        HugeStock,
        /// Everything is free
        FreeOfCharge,
        /// The minimum of the quantity stands behind a $ref
        BoundBehindRef,
        /// The quantity is an allOf of one, as Pydantic writes it
        TypeInAllOf,
        /// Its products and receipts have a field more, and buy_product an optional parameter more
        ExtraFields,
        /// Over stdio it takes longer to start than any answer may take
        SlowStart = Fault,
    }

    "missing" {
        /// Declares resources and prompts, and nothing answers for them
        DeclaresWhatIsNotThere,
        /// list_products is a todo!("3.2"), and is never answered
        TodoList,
    }
}

pub type Flaws = FlawSet<Flaw>;

impl Flaws {
    /// Those that are the protocol's.
    pub fn faults(&self) -> Faults {
        self.iter().filter_map(Flaw::fault).collect()
    }

    /// A text for people, which [`Flaw::AnsiTexts`] makes a text against their terminals.
    pub fn text(&self, text: impl Into<String>) -> String {
        if self.has(Flaw::AnsiTexts) {
            format!("\x1b[2J\x1b[31m\u{202e}{}", text.into())
        } else {
            text.into()
        }
    }
}
