//! The contract snapshots are what the reference solutions really declare.

use checker::checks::contract;
use checker::checks::store::SERVING;
use checker::fixtures::{Database, IdentityRealm};
use checker::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::guard::Guard;
use checker::subject::server::Server;
use rmcp::model::Tool;

use crate::common::{beside_checker, root};

#[tokio::test]
async fn the_store_declares_the_contract_of_each_step() {
    let (session, _server) = session_with("ex3_store_solution").await;
    let tools = session.tools().await.unwrap();
    let resources = session.resources().await.unwrap();
    let templates = session.resource_templates().await.unwrap();
    let prompts = session.prompts().await.unwrap();
    let contracts = [
        ("3.2", tool(&tools, "list_products")),
        ("3.3", tool(&tools, "buy_product")),
        ("3.9", tool(&tools, "search_products")),
        (
            "3.10",
            format!(
                "{}\n{}",
                contract::resource(&resources[0]),
                contract::template(&templates[0])
            ),
        ),
        ("3.11", contract::prompt(&prompts[0])),
    ];
    are_snapshots_of("ex3", &contracts);
}

#[tokio::test]
async fn the_store_that_asks_declares_the_contract_of_each_step() {
    let (session, _server) = session_with("ex4_interact_solution").await;
    let tools = session.tools().await.unwrap();
    let contracts = [
        ("4.1", "buy_product"),
        ("4.6", "show_inventory_chart"),
        ("4.7", "show_product_catalog"),
        ("4.10", "bake"),
        ("4.11", "connect_payments"),
        ("4.12", "bake_all"),
    ];
    are_snapshots_of(
        "ex4",
        &contracts.map(|(step, name)| (step, tool(&tools, name))),
    );
}

#[tokio::test]
async fn the_store_of_users_declares_the_contract_of_its_step() {
    let realm = IdentityRealm::play().await.unwrap();
    let token = realm.token("alice").await.unwrap();
    let client = ClientProfile::new(Era::Modern).with_token(&token);
    let environment = realm.environment().to_vec();
    let (session, _server) = session_of("ex5_auth_solution", environment, client).await;
    let tools = session.tools().await.unwrap();
    let declared = ["buy_product", "my_orders"].map(|name| tool(&tools, name));
    are_snapshots_of("ex5", &[("5.7", declared.join("\n"))]);
}

#[tokio::test]
async fn the_store_that_is_shipped_declares_the_contract_of_its_steps() {
    let realm = IdentityRealm::play().await.unwrap();
    let token = realm.token("alice").await.unwrap();
    let client = ClientProfile::new(Era::Modern).with_token(&token);
    let database = Database::open().unwrap();
    let environment = realm.environment().into_iter();
    let environment = environment.chain([database.environment()]).collect();
    let (session, _server) = session_of("ex6_ship_solution", environment, client).await;
    let tools = session.tools().await.unwrap();
    are_snapshots_of("ex6", &[("6.3", tool(&tools, "delivery_quote"))]);
}

async fn session_with(solution: &str) -> (Session, Server) {
    session_of(solution, Vec::new(), ClientProfile::new(Era::Modern)).await
}

async fn session_of(
    solution: &str,
    environment: Vec<(String, String)>,
    client: ClientProfile,
) -> (Session, Server) {
    let program = Program {
        executable: beside_checker(solution),
        arguments: Vec::new(),
        folder: root(),
        environment,
        guard: Guard::none(),
    };
    let patience = Patience::default().listening;
    let server = program.serve(SERVING, patience).await.unwrap();
    let endpoint = Endpoint::Http(server.url());
    let session = Session::connect(endpoint, client, &Transcript::default())
        .await
        .unwrap();
    (session, server)
}

fn tool(tools: &[Tool], name: &str) -> String {
    contract::tool(tools.iter().find(|tool| tool.name == name).unwrap())
}

fn are_snapshots_of(exercise: &str, contracts: &[(&str, String)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("../../src/checks/{exercise}/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (step, lines) in contracts {
            insta::assert_snapshot!(*step, lines);
        }
    });
}
