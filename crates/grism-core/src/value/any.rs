//! The bytes of a dynamically typed value: a tag, then what orders the value, then what else it holds.
//!
//! Bytes compare as the values do in Cypher's order. A *key* leaves out what does not tell values apart, so that equal
//! values have equal keys: 1 and 1.0, 0.0 and -0.0, one instant in two zones, one node read or not.
//!
//! ```text
//! number   tag  double nearest to it (8 bytes, flipped so that they order)  distance from it (2)  [integer or float]
//! text     tag  bytes, 0 as 0 255                                           0 1
//! list     tag  items                                                       0
//! map      tag  (1, key, value) for each entry, by key                      0
//! node     tag  id (8)  [labels and properties]
//! ```

use std::collections::BTreeMap;

use super::{
    HyperedgeContents, HyperedgeValue, IncidenceValue, NodeContents, NodeValue, PathValue, Value,
};
use crate::temporal::{DateTime, Duration, LocalDateTime, NANOS_PER_SECOND, Time};
use crate::{Error, ErrorKind, Result, with_stack};

const END: u8 = 0x00;
const ENTRY: u8 = 0x01;
const MAP: u8 = 0x10;
const NODE: u8 = 0x18;
const HYPEREDGE: u8 = 0x20;
const INCIDENCE: u8 = 0x24;
const LIST: u8 = 0x28;
const PATH: u8 = 0x30;
const DATE_TIME: u8 = 0x38;
const LOCAL_DATE_TIME: u8 = 0x3a;
const DATE: u8 = 0x3c;
const TIME: u8 = 0x3e;
const LOCAL_TIME: u8 = 0x40;
const DURATION: u8 = 0x42;
const STRING: u8 = 0x48;
const BYTES: u8 = 0x4c;
const BOOL: u8 = 0x50;
const NUMBER: u8 = 0x58;
const NAN: u8 = 0x5c;
const NULL: u8 = 0xf0;

/// How deep values may stand within each other: what reads, compares or drops a value goes down all levels.
const MOST_LEVELS: usize = 500;

/// Adds the bytes of a list whose items are encoded already; `None` is null.
pub(super) fn encode_list<'a>(items: impl Iterator<Item = Option<&'a [u8]>>, out: &mut Vec<u8>) {
    out.push(LIST);
    for item in items {
        match item {
            Some(bytes) => out.extend_from_slice(bytes),
            None => out.push(NULL),
        }
    }
    out.push(END);
}

/// The bytes of a value.
#[must_use]
pub fn encode_any(value: &Value) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::new(),
        exact: true,
    };
    writer.value(value);
    writer.out
}

/// The key of a value: equal for equal values, ordered as they are.
#[must_use]
pub fn key_of(value: &Value) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::new(),
        exact: false,
    };
    writer.value(value);
    writer.out
}

/// The key of encoded bytes.
///
/// # Errors
/// `InvalidData` where the bytes are no value.
pub fn key_of_any(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(key_of(&decode_any(bytes)?))
}

/// The value of encoded bytes.
///
/// # Errors
/// `InvalidData` where the bytes are no value; `ResourceExhausted` where it nests too deeply.
pub fn decode_any(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader {
        bytes,
        at: 0,
        level: 0,
    };
    let value = reader.value()?;
    if reader.at != bytes.len() {
        return Err(malformed());
    }
    Ok(value)
}

fn malformed() -> Error {
    Error::invalid_data("a dynamically typed value is malformed")
}

struct Writer {
    out: Vec<u8>,
    exact: bool,
}

impl Writer {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push(NULL),
            Value::Bool(value) => self.out.extend([BOOL, u8::from(*value)]),
            Value::Int64(value) => {
                let nearest = *value as f64;
                let distance = i128::from(*value) - nearest as i128;
                self.number(nearest, distance as i16, 0);
            }
            Value::Float64(value) if value.is_nan() => self.out.push(NAN),
            Value::Float64(value) => {
                let subtype = if *value == 0.0 && value.is_sign_negative() {
                    2
                } else {
                    1
                };
                self.number(value + 0.0, 0, subtype);
            }
            Value::String(text) => {
                self.out.push(STRING);
                self.bytes(text.as_bytes());
            }
            Value::Bytes(bytes) => {
                self.out.push(BYTES);
                self.bytes(bytes);
            }
            Value::Date(days) => {
                self.out.push(DATE);
                self.integer(*days);
            }
            Value::LocalTime(nanos) => {
                self.out.push(LOCAL_TIME);
                self.integer(*nanos);
            }
            Value::Time(time) => {
                self.out.push(TIME);
                self.integer(time.utc_nanos());
                if self.exact {
                    self.integer(i64::from(time.offset));
                }
            }
            Value::LocalDateTime(value) => {
                self.out.push(LOCAL_DATE_TIME);
                self.integer(value.days);
                self.integer(value.nanos);
            }
            Value::DateTime(value) => {
                self.out.push(DATE_TIME);
                let utc = value.utc();
                self.integer(utc.days);
                self.integer(utc.nanos);
                if self.exact {
                    self.integer(i64::from(value.offset));
                    self.bytes(value.zone.as_deref().unwrap_or_default().as_bytes());
                }
            }
            Value::Duration(value) => {
                self.out.push(DURATION);
                let estimate = value.estimate().clamp(i128::MIN / 4, i128::MAX / 4);
                self.out
                    .extend(((estimate as u128) ^ (1 << 127)).to_be_bytes());
                for part in [
                    value.months,
                    value.days,
                    value.seconds,
                    i64::from(value.nanos),
                ] {
                    self.integer(part);
                }
            }
            Value::List(items) => {
                self.out.push(LIST);
                self.items(items);
            }
            Value::Map(entries) => {
                self.out.push(MAP);
                self.entries(entries);
            }
            Value::Node(node) => {
                self.out.push(NODE);
                self.out.extend(node.id.to_be_bytes());
                if self.exact {
                    self.out.push(u8::from(node.contents.is_some()));
                    if let Some(contents) = &node.contents {
                        self.texts(contents.labels.iter());
                        self.entries(&contents.properties);
                    }
                }
            }
            Value::Hyperedge(hyperedge) => {
                self.out.push(HYPEREDGE);
                self.hyperedge(hyperedge);
            }
            Value::Incidence(incidence) => {
                self.out.push(INCIDENCE);
                self.hyperedge(&incidence.hyperedge);
                self.bytes(incidence.role.as_bytes());
                self.integer(incidence.position);
                self.value(&incidence.member);
            }
            Value::Path(path) => {
                self.out.push(PATH);
                self.items(&path.nodes);
                self.items(&path.relationships);
            }
        }
    }

    fn number(&mut self, nearest: f64, distance: i16, subtype: u8) {
        self.out.push(NUMBER);
        let bits = nearest.to_bits();
        let ordered = if bits >> 63 == 1 {
            !bits
        } else {
            bits | (1 << 63)
        };
        self.out.extend(ordered.to_be_bytes());
        self.out.extend(((distance as u16) ^ 0x8000).to_be_bytes());
        if self.exact {
            self.out.push(subtype);
        }
    }

    fn hyperedge(&mut self, hyperedge: &HyperedgeValue) {
        self.out.extend(hyperedge.id.to_be_bytes());
        if !self.exact {
            return;
        }
        self.out.push(u8::from(hyperedge.contents.is_some()));
        if let Some(contents) = &hyperedge.contents {
            self.bytes(contents.type_name.as_bytes());
            self.texts(contents.members.iter().map(|(role, _)| role));
            for (_, members) in &contents.members {
                self.items(members);
            }
            self.entries(&contents.properties);
        }
    }

    /// A signed integer whose bytes order as it does.
    fn integer(&mut self, value: i64) {
        self.out.extend(((value as u64) ^ (1 << 63)).to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.out.push(*byte);
            if *byte == 0 {
                self.out.push(0xff);
            }
        }
        self.out.extend([0, 1]);
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a String>) {
        for text in texts {
            self.out.push(ENTRY);
            self.bytes(text.as_bytes());
        }
        self.out.push(END);
    }

    fn items(&mut self, items: &[Value]) {
        for item in items {
            self.value(item);
        }
        self.out.push(END);
    }

    fn entries(&mut self, entries: &BTreeMap<String, Value>) {
        for (key, value) in entries {
            self.out.push(ENTRY);
            self.bytes(key.as_bytes());
            self.value(value);
        }
        self.out.push(END);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many values are being read, each within the one before.
    level: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let end = self.at + N;
        let found = self.bytes.get(self.at..end).ok_or_else(malformed)?;
        self.at = end;
        found.try_into().map_err(|_| malformed())
    }

    fn integer(&mut self) -> Result<i64> {
        Ok((u64::from_be_bytes(self.array()?) ^ (1 << 63)) as i64)
    }

    fn blob(&mut self) -> Result<Vec<u8>> {
        let mut found = Vec::new();
        loop {
            match self.byte()? {
                0 => match self.byte()? {
                    0xff => found.push(0),
                    1 => return Ok(found),
                    _ => return Err(malformed()),
                },
                byte => found.push(byte),
            }
        }
    }

    fn text(&mut self) -> Result<String> {
        String::from_utf8(self.blob()?).map_err(|_| malformed())
    }

    fn texts(&mut self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        while self.byte()? == ENTRY {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    fn items(&mut self) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        while self.bytes.get(self.at) != Some(&END) {
            items.push(self.value()?);
        }
        self.at += 1;
        Ok(items)
    }

    fn entries(&mut self) -> Result<BTreeMap<String, Value>> {
        let mut entries = BTreeMap::new();
        while self.byte()? == ENTRY {
            let key = self.text()?;
            entries.insert(key, self.value()?);
        }
        Ok(entries)
    }

    fn hyperedge(&mut self) -> Result<HyperedgeValue> {
        let id = u64::from_be_bytes(self.array()?);
        if self.byte()? == 0 {
            return Ok(HyperedgeValue { id, contents: None });
        }
        let type_name = self.text()?;
        let roles = self.texts()?;
        let members = roles
            .into_iter()
            .map(|role| Ok((role, self.items()?)))
            .collect::<Result<_>>()?;
        let properties = self.entries()?;
        let contents = Some(HyperedgeContents {
            type_name,
            members,
            properties,
        });
        Ok(HyperedgeValue { id, contents })
    }

    fn value(&mut self) -> Result<Value> {
        self.level += 1;
        if self.level > MOST_LEVELS {
            return Err(Error::new(
                ErrorKind::ResourceExhausted,
                format!("a value nests more than {MOST_LEVELS} levels deep"),
            ));
        }
        let value = with_stack(|| self.value_of_tag());
        self.level -= 1;
        value
    }

    fn value_of_tag(&mut self) -> Result<Value> {
        Ok(match self.byte()? {
            NULL => Value::Null,
            BOOL => Value::Bool(self.byte()? != 0),
            NAN => Value::Float64(f64::NAN),
            NUMBER => {
                let ordered = u64::from_be_bytes(self.array()?);
                let bits = if ordered >> 63 == 1 {
                    ordered & !(1 << 63)
                } else {
                    !ordered
                };
                let nearest = f64::from_bits(bits);
                let distance = (u16::from_be_bytes(self.array()?) ^ 0x8000) as i16;
                match self.byte()? {
                    0 => Value::Int64((nearest as i128 + i128::from(distance)) as i64),
                    2 => Value::Float64(-0.0),
                    _ => Value::Float64(nearest),
                }
            }
            STRING => Value::String(self.text()?),
            BYTES => Value::Bytes(self.blob()?),
            DATE => Value::Date(self.integer()?),
            LOCAL_TIME => Value::LocalTime(self.integer()?),
            TIME => {
                let utc = self.integer()?;
                let offset = self.integer()? as i32;
                let nanos = utc + i64::from(offset) * NANOS_PER_SECOND;
                Value::Time(Time { nanos, offset })
            }
            LOCAL_DATE_TIME => Value::LocalDateTime(LocalDateTime {
                days: self.integer()?,
                nanos: self.integer()?,
            }),
            DATE_TIME => {
                let utc = LocalDateTime {
                    days: self.integer()?,
                    nanos: self.integer()?,
                };
                let offset = self.integer()? as i32;
                let zone = Some(self.text()?).filter(|zone| !zone.is_empty());
                let local = utc.plus_seconds(i64::from(offset));
                Value::DateTime(Box::new(DateTime {
                    local,
                    offset,
                    zone,
                }))
            }
            DURATION => {
                self.array::<16>()?;
                Value::Duration(Duration {
                    months: self.integer()?,
                    days: self.integer()?,
                    seconds: self.integer()?,
                    nanos: self.integer()? as i32,
                })
            }
            LIST => Value::List(self.items()?),
            MAP => Value::Map(self.entries()?),
            NODE => {
                let id = u64::from_be_bytes(self.array()?);
                let contents = if self.byte()? == 0 {
                    None
                } else {
                    let labels = self.texts()?;
                    let properties = self.entries()?;
                    Some(NodeContents { labels, properties })
                };
                Value::Node(Box::new(NodeValue { id, contents }))
            }
            HYPEREDGE => Value::Hyperedge(Box::new(self.hyperedge()?)),
            INCIDENCE => Value::Incidence(Box::new(IncidenceValue {
                hyperedge: self.hyperedge()?,
                role: self.text()?,
                position: self.integer()?,
                member: self.value()?,
            })),
            PATH => Value::Path(Box::new(PathValue {
                nodes: self.items()?,
                relationships: self.items()?,
            })),
            _ => return Err(malformed()),
        })
    }
}
