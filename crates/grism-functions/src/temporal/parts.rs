//! The parts that a temporal value has: a day, a time of day, a zone.

use grism_core::temporal::{DateTime, LocalDateTime, Zone};
use grism_core::{Result, Value};

/// What a temporal value says of the day, of the time of day, and of the zone.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) days: Option<i64>,
    pub(super) nanos: Option<i64>,
    pub(super) zone: Option<Zone>,
    /// Seconds east of UTC, where they are told beside the zone: an hour that comes twice has two of them.
    pub(super) offset: Option<i32>,
}

impl Parts {
    /// The parts of a value that is a point in time; `None` for any other.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let offset = match value {
            Value::DateTime(value) => Some(value.offset),
            _ => None,
        };
        let (days, nanos, zone) = match value {
            Value::Date(days) => (Some(*days), None, None),
            Value::LocalTime(nanos) => (None, Some(*nanos), None),
            Value::Time(time) => (None, Some(time.nanos), Some(Zone::Offset(time.offset))),
            Value::LocalDateTime(value) => (Some(value.days), Some(value.nanos), None),
            Value::DateTime(value) => {
                let zone = match &value.zone {
                    Some(name) => Zone::Named(name.clone()),
                    None => Zone::Offset(value.offset),
                };
                (Some(value.local.days), Some(value.local.nanos), Some(zone))
            }
            _ => return None,
        };
        Some(Self {
            days,
            nanos,
            zone,
            offset,
        })
    }

    /// The offset of the zone on the day and time of the parts.
    pub(super) fn offset(&self) -> Result<i32> {
        match &self.zone {
            None => Ok(0),
            Some(Zone::Offset(offset)) => Ok(*offset),
            Some(zone) => match self.offset {
                // Without a day nobody knows which offset the zone has.
                Some(offset) if self.days.is_none() => Ok(offset),
                _ => Ok(self.at(zone)?.offset),
            },
        }
    }

    /// The day and the time of the parts.
    pub(super) fn local(&self) -> LocalDateTime {
        LocalDateTime {
            days: self.days.unwrap_or_default(),
            nanos: self.nanos.unwrap_or_default(),
        }
    }

    /// The instant at which the clocks of `zone` show the day and the time of the parts: the one with the offset of the
    /// parts, where they have one and the zone has it then.
    pub(super) fn at(&self, zone: &Zone) -> Result<DateTime> {
        let local = self.local();
        if let Some(offset) = self.offset
            && let Some(found) = zone.at_offset(local, offset)?
        {
            return Ok(found);
        }
        zone.at(local)
    }
}
