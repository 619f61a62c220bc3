//! What is in images: a row for each, and one for each package.

use super::rows::{number, signed, time};
use super::tested::places;
use crate::images::Name;
use crate::store::inventories::{PackageFilter, StoredInventory};
use sidings_proto::Timestamp;
use sidings_proto::inventory::{BuiltImage, FoundPackage, INVENTORY_ROWS_MAX, ListedPackage};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query};

/// Packages that one statement writes.
const AT_ONCE: usize = 50;
/// Of an image, as `image` reads them.
const COLUMNS: &str = "i.project, i.scope, i.key, i.image, i.distribution, i.bytes, i.packages, i.built, i.used";

/// Keeps what is in an image, in place of what was; in a transaction.
pub(super) async fn put(db: &mut AnyConnection, inventory: &StoredInventory) -> anyhow::Result<()> {
    remove_packages(db, &inventory.name).await?;
    let sql = "INSERT INTO inventories (project, scope, key, image, distribution, bytes, packages, built, used, content) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (project, scope, key) DO UPDATE SET \
        image = excluded.image, distribution = excluded.distribution, bytes = excluded.bytes, \
        packages = excluded.packages, built = excluded.built, used = excluded.used, content = excluded.content";
    let (Name { project, scope, key }, image) = (&inventory.name, &inventory.image);
    let insert = query(sql).bind(project.as_str()).bind(scope.as_str()).bind(key.as_str()).bind(image.image.as_str());
    let insert = insert.bind(image.distribution.as_deref()).bind(signed(image.bytes)).bind(signed(image.packages));
    let insert = insert.bind(image.built.0).bind(image.used.0).bind(inventory.content.clone());
    insert.execute(&mut *db).await?;
    for (chunk, some) in inventory.packages.chunks(AT_ONCE).enumerate() {
        put_packages(db, &inventory.name, chunk * AT_ONCE, some).await?;
    }
    Ok(())
}

async fn put_packages(
    db: &mut AnyConnection,
    Name { project, scope, key }: &Name,
    first: usize,
    packages: &[ListedPackage],
) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO inventory_packages (project, scope, key, no, kind, name, source, version, layer, line) VALUES {}",
        places(packages.len(), 10)
    );
    let mut insert = query(AssertSqlSafe(sql));
    for (no, package) in packages.iter().enumerate() {
        insert = insert.bind(project.as_str()).bind(scope.as_str()).bind(key.as_str());
        insert = insert.bind(signed((first + no) as u64)).bind(package.kind.as_str()).bind(package.name.as_str());
        insert = insert.bind(package.source.as_str()).bind(package.version.as_str());
        insert = insert.bind(i64::from(package.layer)).bind(package.line.map(i64::from));
    }
    insert.execute(db).await?;
    Ok(())
}

async fn remove_packages(db: &mut AnyConnection, Name { project, scope, key }: &Name) -> anyhow::Result<()> {
    let delete = query("DELETE FROM inventory_packages WHERE project = $1 AND scope = $2 AND key = $3");
    delete.bind(project.as_str()).bind(scope.as_str()).bind(key.as_str()).execute(db).await?;
    Ok(())
}

/// All images, or those of a project.
pub(super) async fn images(db: &mut AnyConnection, project: Option<&str>) -> anyhow::Result<Vec<BuiltImage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM inventories i WHERE $1 IS NULL OR i.project = $1 \
         ORDER BY i.used DESC, i.project, i.key LIMIT {INVENTORY_ROWS_MAX}"
    );
    query(AssertSqlSafe(sql)).bind(project).fetch_all(db).await?.iter().map(image).collect()
}

/// What is in the images whose keys begin so: two at most, which is enough to know that there are several.
pub(super) async fn contents(
    db: &mut AnyConnection,
    project: Option<&str>,
    key: &str,
) -> anyhow::Result<Vec<(BuiltImage, Vec<u8>)>> {
    let sql = format!(
        "SELECT {COLUMNS}, i.content FROM inventories i WHERE ($1 IS NULL OR i.project = $1) \
         AND substr(i.key, 1, $2) = $3 ORDER BY i.project, i.scope, i.key LIMIT 2"
    );
    let select = query(AssertSqlSafe(sql)).bind(project).bind(signed(key.len() as u64)).bind(key);
    select.fetch_all(db).await?.iter().map(|row| Ok((image(row)?, row.try_get(9)?))).collect()
}

pub(super) async fn has(db: &mut AnyConnection, names: &[Name]) -> anyhow::Result<bool> {
    let sql = "SELECT 1 FROM inventories WHERE project = $1 AND scope = $2 AND key = $3";
    for Name { project, scope, key } in names {
        let select = query(sql).bind(project.as_str()).bind(scope.as_str()).bind(key.as_str());
        if select.fetch_optional(&mut *db).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Packages by their own name or their source's.
pub(super) async fn packages(db: &mut AnyConnection, filter: &PackageFilter) -> anyhow::Result<Vec<FoundPackage>> {
    let sql = format!(
        "SELECT {COLUMNS}, p.kind, p.name, p.source, p.version, p.layer, p.line FROM inventory_packages p \
         JOIN inventories i ON i.project = p.project AND i.scope = p.scope AND i.key = p.key \
         WHERE (p.name = $1 OR p.source = $1) AND ($2 IS NULL OR p.version = $2) AND ($3 IS NULL OR i.project = $3) \
         ORDER BY i.project, i.used DESC, i.key, p.no LIMIT {INVENTORY_ROWS_MAX}"
    );
    let select = query(AssertSqlSafe(sql)).bind(filter.name.as_str());
    let select = select.bind(filter.version.as_deref()).bind(filter.project.as_deref());
    select.fetch_all(db).await?.iter().map(found).collect()
}

/// Jobs ran in these.
pub(super) async fn used(db: &mut AnyConnection, names: &[Name], at: Timestamp) -> anyhow::Result<()> {
    for Name { project, scope, key } in names {
        let update =
            query("UPDATE inventories SET used = $4 WHERE project = $1 AND scope = $2 AND key = $3 AND used < $4");
        let update = update.bind(project.as_str()).bind(scope.as_str()).bind(key.as_str()).bind(at.0);
        update.execute(&mut *db).await?;
    }
    Ok(())
}

/// Forgets what was used before; in a transaction.
pub(super) async fn expire(db: &mut AnyConnection, before: Timestamp) -> anyhow::Result<u64> {
    let sql = "SELECT project, scope, key FROM inventories WHERE used < $1";
    for row in query(sql).bind(before.0).fetch_all(&mut *db).await? {
        let name = Name { project: row.try_get(0)?, scope: row.try_get(1)?, key: row.try_get(2)? };
        remove_packages(db, &name).await?;
    }
    let delete = query("DELETE FROM inventories WHERE used < $1").bind(before.0);
    Ok(delete.execute(db).await?.rows_affected())
}

fn image(row: &AnyRow) -> anyhow::Result<BuiltImage> {
    let scope: String = row.try_get(1)?;
    Ok(BuiltImage {
        project: row.try_get(0)?,
        of_pull_request: !scope.is_empty(),
        key: row.try_get(2)?,
        image: row.try_get(3)?,
        distribution: row.try_get(4)?,
        bytes: number(row, 5)?,
        packages: number(row, 6)?,
        built: time(row, 7)?,
        used: time(row, 8)?,
    })
}

fn found(row: &AnyRow) -> anyhow::Result<FoundPackage> {
    let small = |place: usize| anyhow::Ok(u32::try_from(row.try_get::<i64, _>(place)?)?);
    let line = row.try_get::<Option<i64>, _>(14)?;
    let package = ListedPackage {
        kind: row.try_get(9)?,
        name: row.try_get(10)?,
        source: row.try_get(11)?,
        version: row.try_get(12)?,
        layer: small(13)?,
        line: line.map(u32::try_from).transpose()?,
    };
    Ok(FoundPackage { image: image(row)?, package })
}
