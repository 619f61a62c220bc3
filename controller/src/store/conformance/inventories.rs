//! What is in images: by project, by key, by package.

use super::every_store;
use crate::images::Name;
use crate::store::inventories::{PackageFilter, StoredInventory};
use sidings_proto::Timestamp;
use sidings_proto::inventory::{BuiltImage, ListedPackage};

fn inventory(project: &str, key: &str, used: i64, packages: &[(&str, &str)]) -> StoredInventory {
    let listed = |(name, version): &(&str, &str)| ListedPackage {
        kind: "deb".to_owned(),
        name: (*name).to_owned(),
        source: format!("source of {name}"),
        version: (*version).to_owned(),
        layer: 2,
        line: (*version == "2").then_some(7),
    };
    let image = BuiltImage {
        project: project.to_owned(),
        key: key.to_owned(),
        of_pull_request: false,
        image: format!("sha256:{key}"),
        distribution: (project == "a").then(|| "debian 12".to_owned()),
        bytes: 10,
        packages: packages.len() as u64,
        built: Timestamp(1),
        used: Timestamp(used),
    };
    StoredInventory {
        name: Name { project: project.to_owned(), scope: String::new(), key: key.to_owned() },
        image,
        packages: packages.iter().map(listed).collect(),
        content: vec![0, 1, 255],
    }
}

#[tokio::test]
async fn packages_are_found_by_name_source_version_and_project() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        // More packages than one statement writes.
        let many: Vec<String> = (0..120).map(|n| format!("p{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).chain([("ssl", "2")]).collect();
        let (old, new) = (inventory("a", "k1", 5, &many), inventory("a", "k2", 6, &[("ssl", "3")]));
        let other = inventory("b", "k1", 9, &[("ssl", "2"), ("p7", "1")]);
        for it in [&old, &new, &other] {
            store.put_inventory(it).await.unwrap();
        }
        let find = async |name: &str, version: Option<&str>, project: Option<&str>| {
            let (name, version, project) = (name.to_owned(), version.map(str::to_owned), project.map(str::to_owned));
            let found = store.packages(&PackageFilter { name, version, project }).await.unwrap();
            let said = found.iter().map(|it| format!("{} {} {}", it.image.project, it.image.key, it.package.version));
            said.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(find("ssl", None, None).await, "a k2 3, a k1 2, b k1 2");
        assert_eq!(find("source of ssl", Some("2"), None).await, "a k1 2, b k1 2");
        assert_eq!(find("p7", None, Some("a")).await, "a k1 1");
        assert_eq!(find("p", None, None).await, "");
        let images = store.inventories(None).await.unwrap();
        assert_eq!(images, [other.image.clone(), new.image.clone(), old.image.clone()]);

        // In place of what was.
        store.put_inventory(&inventory("a", "k1", 5, &[("ssl", "4")])).await.unwrap();
        assert_eq!(find("ssl", None, Some("a")).await, "a k2 3, a k1 4");
        assert_eq!(find("p7", None, None).await, "b k1 1");
    }
}

#[tokio::test]
async fn what_is_in_an_image_goes_when_no_job_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let (one, other) = (inventory("a", "k1", 5, &[("ssl", "2")]), inventory("a", "k22", 6, &[("ssl", "3")]));
        store.put_inventory(&one).await.unwrap();
        store.put_inventory(&other).await.unwrap();
        let unknown = Name { key: "k9".to_owned(), ..one.name.clone() };
        assert!(!store.has_inventory(std::slice::from_ref(&unknown)).await.unwrap());
        assert!(store.has_inventory(&[unknown.clone(), one.name.clone()]).await.unwrap());
        let of_pull_request = Name { scope: "pull request".to_owned(), ..one.name.clone() };
        assert!(!store.has_inventory(&[of_pull_request]).await.unwrap());
        store.inventories_used(&[one.name.clone(), unknown], Timestamp(8)).await.unwrap();
        store.inventories_used(std::slice::from_ref(&one.name), Timestamp(7)).await.unwrap();
        assert_eq!(store.inventories(Some("a")).await.unwrap()[0].used, Timestamp(8));
        assert_eq!(store.inventory_contents(None, "k").await.unwrap().len(), 2);
        assert_eq!(store.inventory_contents(Some("a"), "k2").await.unwrap(), [(other.image.clone(), vec![0, 1, 255])]);
        assert_eq!(store.inventory_contents(Some("b"), "k2").await.unwrap(), []);
        assert_eq!(store.expire_inventories(Timestamp(8)).await.unwrap(), 1);
        assert_eq!(store.inventory_contents(None, "k2").await.unwrap(), []);
        let filter = PackageFilter { name: "ssl".to_owned(), ..PackageFilter::default() };
        assert_eq!(store.packages(&filter).await.unwrap().len(), 1);
    }
}
