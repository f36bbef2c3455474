//! Scalar functions by name, with the number of arguments each takes.

use serde::{Deserialize, Serialize};

macro_rules! scalar_functions {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $least:literal, $most:literal;)*) => {
        /// A scalar function of openCypher.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ScalarFunction {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ScalarFunction {
            /// Every scalar function.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The function's name as openCypher spells it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the function gives, in one sentence or two.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim(),)* }
            }

            /// The least and the greatest number of arguments.
            #[must_use]
            pub const fn arity(self) -> (usize, usize) {
                match self { $(Self::$variant => ($least, $most),)* }
            }
        }
    };
}

scalar_functions! {
    /// Absolute value.
    Abs = "abs", 1, 1;
    /// Least integer not below, as a float.
    Ceil = "ceil", 1, 1;
    /// Greatest integer not above, as a float.
    Floor = "floor", 1, 1;
    /// Nearest integer, halves away from zero, as a float; a second argument gives the decimal places.
    Round = "round", 1, 2;
    /// -1, 0 or 1.
    Sign = "sign", 1, 1;
    /// Square root.
    Sqrt = "sqrt", 1, 1;
    /// e to the power of the argument.
    Exp = "exp", 1, 1;
    /// Natural logarithm.
    Log = "log", 1, 1;
    /// Logarithm to base 10.
    Log10 = "log10", 1, 1;
    /// Sine of radians.
    Sin = "sin", 1, 1;
    /// Cosine of radians.
    Cos = "cos", 1, 1;
    /// Tangent of radians.
    Tan = "tan", 1, 1;
    /// Arc cosine, in radians.
    Acos = "acos", 1, 1;
    /// Arc sine, in radians.
    Asin = "asin", 1, 1;
    /// Arc tangent, in radians.
    Atan = "atan", 1, 1;
    /// Angle of the point (second argument, first argument), in radians.
    Atan2 = "atan2", 2, 2;
    /// Degrees of radians.
    Degrees = "degrees", 1, 1;
    /// Radians of degrees.
    Radians = "radians", 1, 1;
    /// The number pi.
    Pi = "pi", 0, 0;
    /// The number e.
    E = "e", 0, 0;
    /// Text in upper case.
    ToUpper = "toUpper", 1, 1;
    /// Text in lower case.
    ToLower = "toLower", 1, 1;
    /// Text without white space at either end.
    Trim = "trim", 1, 1;
    /// Text without white space at its start.
    LTrim = "lTrim", 1, 1;
    /// Text without white space at its end.
    RTrim = "rTrim", 1, 1;
    /// Text with every occurrence of the second argument replaced by the third.
    Replace = "replace", 3, 3;
    /// The first characters of a text.
    Left = "left", 2, 2;
    /// The last characters of a text.
    Right = "right", 2, 2;
    /// Part of a text: start from 0, then an optional length.
    Substring = "substring", 2, 3;
    /// Pieces of a text between separators.
    Split = "split", 2, 2;
    /// Text or list in reverse order.
    Reverse = "reverse", 1, 1;
    /// Number of characters or of elements.
    Size = "size", 1, 1;
    /// Number of characters.
    CharLength = "char_length", 1, 1;
    /// Value as text.
    ToString = "toString", 1, 1;
    /// Value as integer; null where the text is no number.
    ToInteger = "toInteger", 1, 1;
    /// Value as float; null where the text is no number.
    ToFloat = "toFloat", 1, 1;
    /// Value as boolean; null where the text is neither `true` nor `false`.
    ToBoolean = "toBoolean", 1, 1;
    /// The first argument that is not null.
    Coalesce = "coalesce", 1, 255;
    /// First element of a list.
    Head = "head", 1, 1;
    /// Last element of a list.
    Last = "last", 1, 1;
    /// A list without its first element.
    Tail = "tail", 1, 1;
    /// Integers from start to end, with an optional step; both ends included.
    Range = "range", 2, 3;
    /// The id of an entity, as an integer.
    Id = "id", 1, 1;
    /// Labels of a node.
    Labels = "labels", 1, 1;
    /// Type of a relationship or a hyperedge; of an incidence, its role.
    Type = "type", 1, 1;
    /// Keys of the properties that are not null.
    Keys = "keys", 1, 1;
    /// Properties as a map.
    Properties = "properties", 1, 1;
    /// Names of the bound roles of a hyperedge.
    Roles = "roles", 1, 1;
    /// Members of a hyperedge, of one role or of all.
    Members = "members", 1, 2;
    /// Number of bound members of a hyperedge.
    Arity = "arity", 1, 1;
    /// `node` or `hyperedge`; of an incidence `incidence`.
    Kind = "kind", 1, 1;
    /// The place of an incidence in a role that is bound many times, counted from 0.
    Position = "position", 1, 1;
    /// Whether a text, a list or a map is empty.
    IsEmpty = "isEmpty", 1, 1;
    /// Where a binary edge, or an incidence, starts.
    StartNode = "startNode", 1, 1;
    /// Where a binary edge, or an incidence, ends.
    EndNode = "endNode", 1, 1;
    /// The nodes of a path.
    Nodes = "nodes", 1, 1;
    /// The relationships of a path.
    Relationships = "relationships", 1, 1;
    /// The number of relationships of a path.
    Length = "length", 1, 1;
    /// The id of an entity, as text.
    ElementId = "elementId", 1, 1;
    /// Cotangent of radians.
    Cot = "cot", 1, 1;
    /// Half the versed sine of radians.
    Haversin = "haversin", 1, 1;
    /// Whether a number is NaN.
    IsNan = "isNaN", 1, 1;
    /// Null where both arguments are equal, else the first.
    NullIf = "nullIf", 2, 2;
    /// Text without certain characters at either end.
    BTrim = "btrim", 1, 2;
    /// As `toString`, but null for what has no text.
    ToStringOrNull = "toStringOrNull", 1, 1;
    /// As `toInteger`, but null for what is no number.
    ToIntegerOrNull = "toIntegerOrNull", 1, 1;
    /// As `toFloat`, but null for what is no number.
    ToFloatOrNull = "toFloatOrNull", 1, 1;
    /// As `toBoolean`, but null for what is no boolean.
    ToBooleanOrNull = "toBooleanOrNull", 1, 1;
    /// A list converted item by item; what does not convert is null.
    ToStringList = "toStringList", 1, 1;
    /// A list converted item by item; what does not convert is null.
    ToIntegerList = "toIntegerList", 1, 1;
    /// A list converted item by item; what does not convert is null.
    ToFloatList = "toFloatList", 1, 1;
    /// A list converted item by item; what does not convert is null.
    ToBooleanList = "toBooleanList", 1, 1;
    /// A random number, 0 included and 1 not.
    Rand = "rand", 0, 0;
    /// A new universally unique identifier, as text.
    RandomUuid = "randomUUID", 0, 0;
    /// A day.
    Date = "date", 0, 1;
    /// A time of day.
    LocalTime = "localtime", 0, 1;
    /// A time of day with an offset.
    Time = "time", 0, 1;
    /// A day and time.
    LocalDateTime = "localdatetime", 0, 1;
    /// An instant with a zone.
    DateTime = "datetime", 0, 1;
    /// A length of time.
    Duration = "duration", 1, 1;
    /// A day cut to a unit.
    DateTruncate = "date.truncate", 1, 3;
    /// A time of day cut to a unit.
    LocalTimeTruncate = "localtime.truncate", 1, 3;
    /// A time of day with an offset, cut to a unit.
    TimeTruncate = "time.truncate", 1, 3;
    /// A day and time cut to a unit.
    LocalDateTimeTruncate = "localdatetime.truncate", 1, 3;
    /// An instant cut to a unit.
    DateTimeTruncate = "datetime.truncate", 1, 3;
    /// An instant from seconds and nanoseconds since 1970.
    DateTimeFromEpoch = "datetime.fromepoch", 2, 2;
    /// An instant from milliseconds since 1970.
    DateTimeFromEpochMillis = "datetime.fromepochmillis", 1, 1;
    /// The length of time between two temporal values, in all its parts.
    DurationBetween = "duration.between", 2, 2;
    /// The length of time between two temporal values, in whole months.
    DurationInMonths = "duration.inMonths", 2, 2;
    /// The length of time between two temporal values, in whole days.
    DurationInDays = "duration.inDays", 2, 2;
    /// The length of time between two temporal values, in seconds.
    DurationInSeconds = "duration.inSeconds", 2, 2;
    /// The value at a percentile of a list of numbers, between the two values beside it.
    PercentileCont = "#percentileCont", 2, 2;
    /// The value at a percentile of a list of numbers.
    PercentileDisc = "#percentileDisc", 2, 2;
    /// Standard deviation of a list of numbers that is a sample.
    StDev = "#stDev", 1, 1;
    /// Standard deviation of a list of numbers that is everything.
    StDevP = "#stDevP", 1, 1;
    /// The sum of a list of numbers or durations.
    SumOf = "#sum", 1, 1;
    /// The mean of a list of numbers or durations.
    AvgOf = "#avg", 1, 1;
    /// A list with each different value once, in the order of first appearance.
    DistinctOf = "#distinct", 1, 1;
    /// The path through the arguments: an entity, then a step and the entity it leads to, or a list of steps and the
    /// list of entities they lead to, and so on.
    Path = "#path", 1, 255;
    /// Bytes that are equal for equal values and order as they do.
    Key = "#key", 1, 1;
    /// The float that stands for all that are equal to it: there is one zero and one NaN, whatever their sign.
    FloatKey = "#floatKey", 1, 1;
    /// A property of a node, a hyperedge or a map, or a component of a temporal value, known at run time.
    Get = "#get", 2, 2;
    /// A list as it is, anything else as a list of itself.
    AsList = "#asList", 1, 1;
    /// The entries of two maps; of a key in both the second one's.
    Merge = "#merge", 2, 2;
    /// Whether a node has all labels of a list, or a hyperedge one of the types, known at run time.
    HasLabels = "#hasLabels", 2, 2;
    /// The entity that a dynamically typed value is.
    Entity = "#entity", 1, 1;
    /// A value as the map of its properties: what SET takes.
    PropertyMap = "#propertyMap", 1, 1;
}

impl ScalarFunction {
    /// The function called `name`, in any case, with the synonyms openCypher has.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = match name.to_ascii_lowercase().as_str() {
            "upper" => "toupper".to_owned(),
            "lower" => "tolower".to_owned(),
            "ceiling" => "ceil".to_owned(),
            "ln" => "log".to_owned(),
            "character_length" => "char_length".to_owned(),
            "rels" => "relationships".to_owned(),
            other => other.to_owned(),
        };
        Self::ALL
            .iter()
            .copied()
            .find(|function| function.name().eq_ignore_ascii_case(&name))
            .filter(|function| !function.name().starts_with('#'))
    }
}
