//! What there is to say of an input that is no error: how its files were read, and what is odd about them.

/// Files that are named in one line.
const NAMED: usize = 3;

/// What there is to say of an input.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) warnings: Vec<String>,
    /// How files were read, and which ones so.
    read_as: Vec<(String, Vec<String>)>,
}

impl Notes {
    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Notes how a file is read.
    pub(super) fn read_as(&mut self, how: String, file: &str) {
        let place = self.read_as.iter().position(|(known, _)| *known == how);
        let place = place.unwrap_or_else(|| {
            self.read_as.push((how, Vec::new()));
            self.read_as.len() - 1
        });
        let files = &mut self.read_as[place].1;
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }

    pub(super) fn add(&mut self, others: Self) {
        others.warnings.into_iter().for_each(|own| self.warn(own));
        for (how, files) in others.read_as {
            for file in files {
                self.read_as(how.clone(), &file);
            }
        }
    }

    /// A line for each way in which files were read.
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.read_as.iter();
        lines
            .map(|(how, files)| {
                let named = &files[..files.len().min(NAMED)];
                let more = match files.len() - named.len() {
                    0 => String::new(),
                    count => format!(" and {count} more"),
                };
                format!("{}{more}: {how}", named.join(", "))
            })
            .collect()
    }
}
