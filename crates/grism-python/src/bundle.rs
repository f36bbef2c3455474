//! Bundles of task output: bytes that Python hands on without looking, and Rust reads where they lie.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use arrow::buffer::Buffer;
use grism::Error;
use grism::distributed::read_partition;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

use crate::batches::Batches;
use crate::error::to_python;

/// The bytes of a bundle, by the buffer protocol.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct Bundle {
    buffer: Buffer,
}

impl Bundle {
    pub(crate) fn new(buffer: Buffer) -> Self {
        Self { buffer }
    }
}

#[pymethods]
impl Bundle {
    fn __len__(&self) -> usize {
        self.buffer.len()
    }

    #[expect(unsafe_code, reason = "the buffer protocol is one of pointers")]
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut pyo3::ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if flags & pyo3::ffi::PyBUF_WRITABLE == pyo3::ffi::PyBUF_WRITABLE {
            return Err(PyBufferError::new_err("a bundle is read-only"));
        }
        let buffer = slf.get().buffer.clone();
        let length = isize::try_from(buffer.len())
            .map_err(|_| PyBufferError::new_err("a bundle is too long"))?;
        // SAFETY: `view` comes from the interpreter and is valid for a write; the pointer and length describe memory
        // that the bundle keeps alive, and the view holds a reference to the bundle.
        let filled = unsafe {
            let pointer = buffer.as_ptr().cast_mut().cast::<c_void>();
            pyo3::ffi::PyBuffer_FillInfo(view, slf.as_ptr(), pointer, length, 1, flags)
        };
        if filled == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(slf.py()))
        }
    }
}

/// A view of a Python object's memory that keeps the object alive, without a copy.
#[expect(unsafe_code, reason = "the memory belongs to Python")]
pub(crate) fn mapped(object: &Bound<'_, PyAny>) -> PyResult<Buffer> {
    let view: PyBuffer<u8> = PyBuffer::get(object)?;
    if !view.is_c_contiguous() {
        return Err(PyBufferError::new_err(
            "a bundle must be one piece of memory",
        ));
    }
    let length = view.len_bytes();
    let Some(pointer) = NonNull::new(view.buf_ptr().cast::<u8>()) else {
        return Ok(Buffer::from(&[]));
    };
    // SAFETY: the view keeps `length` bytes at `pointer` valid until it is dropped, and the buffer owns the view.
    // Bundles are written once: nobody changes the memory behind a view.
    Ok(unsafe { Buffer::from_custom_allocation(pointer, length, Arc::new(view)) })
}

/// The rows of result bundles, one bundle after the other.
#[pyfunction]
pub(crate) fn read_bundles(
    bundles: Vec<Bound<'_, PyAny>>,
    plan: &crate::distributed::DistributedQuery,
) -> PyResult<Batches> {
    let mut batches = Vec::new();
    for bundle in bundles {
        batches.extend(read_partition(&mapped(&bundle)?, 0).map_err(to_python)?);
    }
    Ok(Batches::new(plan.schema(), batches))
}

/// The rows of several results of one query as one.
#[pyfunction]
pub(crate) fn merge_batches(
    parts: Vec<PyRef<'_, Batches>>,
    plan: &crate::distributed::DistributedQuery,
) -> Batches {
    Batches::new(
        plan.schema(),
        parts
            .iter()
            .flat_map(|part| part.batches().iter().cloned())
            .collect(),
    )
}

/// Where a bundle lies, how long it is, and where the buffers lie that Rust reads of it: proof that nothing is copied.
#[pyfunction]
pub(crate) fn bundle_addresses(bundle: &Bound<'_, PyAny>) -> PyResult<(usize, usize, Vec<usize>)> {
    let buffer = mapped(bundle)?;
    let mut addresses = Vec::new();
    let partitions = grism::distributed::bundle_partitions(&buffer).map_err(to_python)?;
    for partition in 0..partitions {
        for batch in read_partition(&buffer, partition).map_err(to_python)? {
            for column in batch.columns() {
                addresses.extend(
                    column
                        .to_data()
                        .buffers()
                        .iter()
                        .map(|buffer| buffer.as_ptr() as usize),
                );
            }
        }
    }
    if addresses.is_empty() && partitions == 0 {
        return Err(to_python(Error::invalid_data("an empty bundle")));
    }
    Ok((buffer.as_ptr() as usize, buffer.len(), addresses))
}
