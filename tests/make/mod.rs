//! Makes the captures of `testdata` that no real network would give: each is a short script, always with the same bytes.

mod scenes;
mod talk;

/// A capture that is made.
pub struct Made {
    /// Folder under `testdata`.
    pub folder: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them.
pub fn all() -> Vec<Made> {
    scenes::all()
}
