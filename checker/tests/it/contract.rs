//! The contract snapshots are what the reference solution really declares.

use checker::checks::contract;
use checker::checks::store::SERVING;
use checker::mcp::{ClientProfile, Endpoint, Era, Session, Transcript};
use checker::patience::Patience;
use checker::subject::Program;
use checker::subject::guard::Guard;

use crate::common::{beside_checker, root};

#[tokio::test]
async fn the_solution_declares_the_contract_of_each_step() {
    let program = Program {
        executable: beside_checker("ex3_store_solution"),
        folder: root(),
        environment: Vec::new(),
        guard: Guard::none(),
    };
    let patience = Patience::default().listening;
    let server = program.serve(SERVING, patience).await.unwrap();
    let client = ClientProfile::new(Era::Modern);
    let endpoint = Endpoint::Http(server.url());
    let session = Session::connect(endpoint, client, &Transcript::default())
        .await
        .unwrap();
    let tools = session.tools().await.unwrap();
    let tool = |name| contract::tool(tools.iter().find(|tool| tool.name == name).unwrap());
    let resources = session.resources().await.unwrap();
    let templates = session.resource_templates().await.unwrap();
    let prompts = session.prompts().await.unwrap();
    let contracts = [
        ("3.2", tool("list_products")),
        ("3.3", tool("buy_product")),
        ("3.9", tool("search_products")),
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
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../src/checks/ex3/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (step, lines) in contracts {
            insta::assert_snapshot!(step, lines);
        }
    });
}
