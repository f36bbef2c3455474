//! Files brought to an object store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use grism_core::{Error, Result};
use lance_io::object_store::{
    ObjectStore as LanceStore, ObjectStoreParams, ObjectStoreRegistry, StorageOptionsAccessor,
};
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

use crate::location::check_store;

/// Bytes of a part, and how many parts are on their way at the same time.
const PART: usize = 8 << 20;
const PARTS: usize = 4;

/// The object store that `uri` names, and the path within it; without options the environment says how to reach it.
///
/// # Errors
/// As [`check_store`]; `Unavailable` for a store that cannot be reached.
pub(crate) async fn object_store_of(
    uri: &str,
    options: &BTreeMap<String, String>,
) -> Result<(Arc<dyn ObjectStore>, StorePath)> {
    check_store(uri)?;
    let given = options.clone().into_iter().collect();
    let parameters = ObjectStoreParams {
        storage_options_accessor: (!options.is_empty())
            .then(|| Arc::new(StorageOptionsAccessor::with_static_options(given))),
        ..ObjectStoreParams::default()
    };
    let registry = Arc::new(ObjectStoreRegistry::default());
    let found = LanceStore::from_uri_and_params(registry, uri, &parameters).await;
    let (store, path) = found.map_err(|error| Error::unavailable(format!("{uri}: {error}")))?;
    Ok((Arc::clone(&store.inner), path))
}

/// Puts a file to `uri`: all of it, or nothing is there.
///
/// # Errors
/// `Unavailable` where the store does not take it.
pub async fn upload_file(file: &Path, uri: &str, options: &BTreeMap<String, String>) -> Result<()> {
    let failed = |error: object_store::Error| Error::unavailable(format!("{uri}: {error}"));
    let (store, path) = object_store_of(uri, options).await?;
    let mut file = File::open(file)?;
    let upload = store.put_multipart(&path).await.map_err(failed)?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
    let mut bytes = vec![0; PART];
    loop {
        let read = match file.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => {
                upload.abort().await.map_err(failed)?;
                return Err(error.into());
            }
        };
        if let Err(error) = upload.wait_for_capacity(PARTS).await {
            upload.abort().await.map_err(failed)?;
            return Err(failed(error));
        }
        upload.write(&bytes[..read]);
    }
    upload.finish().await.map_err(failed)?;
    Ok(())
}
