//! The network that the holders of an attempt with services have to themselves. It leads nowhere else: the way out of
//! each holder stays the runner's bridge, on which nobody reaches a neighbour. The Engine tells names on it to those
//! who are on it, so that two attempts may use the same ones.

use super::{Shared, labels, status};
use anyhow::Context;
use bollard::models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use sidings_proto::AttemptId;
use std::collections::HashMap;
use std::net::IpAddr;

/// Puts a holder onto its attempt's network; gives its address there.
pub(super) async fn connect(
    shared: &Shared,
    attempt: AttemptId,
    holder: &str,
    name: Option<String>,
) -> anyhow::Result<IpAddr> {
    let made = shared.ledger.private(attempt);
    let network = made.get_or_try_init(|| create(shared, attempt)).await?;
    let aliases = name.map(|name| vec![name]);
    let request = NetworkConnectRequest {
        container: holder.to_owned(),
        endpoint_config: Some(EndpointSettings { aliases, ..EndpointSettings::default() }),
    };
    shared.api.connect_network(network, request).await.context("connecting to the job's network")?;
    let about = shared.api.inspect_container(holder, None).await.context("asking for an address")?;
    let networks = about.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let endpoint = networks.into_values().find(|endpoint| endpoint.network_id.as_ref() == Some(network));
    let address = endpoint.and_then(|endpoint| endpoint.ip_address).context("the job's network gave no address")?;
    address.parse().with_context(|| format!("the job's network gave the address {address:?}"))
}

async fn create(shared: &Shared, attempt: AttemptId) -> anyhow::Result<String> {
    let request = NetworkCreateRequest {
        name: format!("sidings-{}-{}", attempt.job.0.simple(), attempt.fence),
        driver: Some("bridge".to_owned()),
        internal: Some(true),
        labels: Some(labels::of_network(shared.config.runner, &shared.life, attempt)),
        ..NetworkCreateRequest::default()
    };
    Ok(shared.api.create_network(request).await.context("creating the job's network")?.id)
}

/// Whose networks are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    ThisLife,
    EarlierLives,
    AnyLife,
}

/// Removes the private networks that carry all of `labels`, once nothing is on them.
pub(super) async fn remove(shared: &Shared, labels: &[String], of: Of) -> anyhow::Result<()> {
    let mut wanted = labels.to_vec();
    wanted.push(format!("{}={}", labels::KIND, labels::NETWORK_KIND));
    let filters = HashMap::from([("label", wanted)]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    for network in shared.api.list_networks(Some(options)).await.context("listing networks")? {
        let life = network.labels.as_ref().and_then(|labels| labels.get(labels::LIFE));
        let own = life == Some(&shared.life);
        let (Some(id), true) = (network.id, of == Of::AnyLife || own == (of == Of::ThisLife)) else { continue };
        match shared.api.remove_network(&id).await {
            Ok(()) => {}
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => return Err(error).context("removing a job's network"),
        }
    }
    Ok(())
}
