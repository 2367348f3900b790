//! Pointers that come from C: where a value, a text or a list goes.
//!
//! They have the layout of the pointer. Only C code makes them (and `new`, which is unsafe),
//! and it promises what NVML's documentation asks for: null, or room for the value.

use std::{
    ffi::{CStr, c_char, c_uint},
    ptr,
};

use crate::code::{Code, Outcome};

/// Where a value goes, or a structure that is partly filled in already.
#[repr(transparent)]
#[derive(Debug)]
pub struct Out<T>(*mut T);

/// Where a list goes.
#[repr(transparent)]
#[derive(Debug)]
pub struct List<T>(*mut T);

/// Where a text goes.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Buffer(*mut c_char);

/// A text.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Text(*const c_char);

impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Out<T> {}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> Out<T> {
    /// From a pointer.
    ///
    /// # Safety
    ///
    /// It is null or valid for reads and writes.
    pub unsafe fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// Stores a value.
    pub fn put(self, value: T) -> Outcome {
        if self.0.is_null() {
            return Err(Code::INVALID_ARGUMENT);
        }
        // SAFETY: the caller of the C function promises that it is valid for writes.
        unsafe { self.0.write(value) };
        Ok(())
    }

    /// What is there already.
    pub fn get(self) -> Outcome<T>
    where
        T: Copy,
    {
        if self.0.is_null() {
            return Err(Code::INVALID_ARGUMENT);
        }
        // SAFETY: the caller of the C function promises a value there where NVML reads one.
        Ok(unsafe { self.0.read() })
    }

    /// Where it is.
    pub fn pointer(self) -> *mut T {
        self.0
    }
}

impl<T: Copy> List<T> {
    /// From a pointer.
    ///
    /// # Safety
    ///
    /// It is null or valid for reads and writes of as many values as the call says.
    pub unsafe fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// Stores a list by NVML's protocol: `count` says how much room there is, and learns how
    /// much is needed or used.
    pub fn fill(self, count: Out<c_uint>, items: impl Iterator<Item = T> + Clone) -> Outcome {
        let room = count.get()?;
        let needed = items.clone().count() as c_uint;
        count.put(needed)?;
        if needed > 0 && (self.0.is_null() || room < needed) {
            return Err(Code::INSUFFICIENT_SIZE);
        }
        for (index, item) in items.take(needed as usize).enumerate() {
            // SAFETY: the caller of the C function promises room for `room` items, which
            // is more than this index.
            unsafe { self.0.add(index).write(item) };
        }
        Ok(())
    }

    /// Changes each of so many items that are there already.
    pub fn change(self, count: usize, mut change: impl FnMut(&mut T)) -> Outcome {
        if self.0.is_null() {
            return Err(Code::INVALID_ARGUMENT);
        }
        for index in 0..count {
            // SAFETY: the caller of the C function promises so many items.
            let mut item = unsafe { self.0.add(index).read() };
            change(&mut item);
            // SAFETY: it was read from there just now.
            unsafe { self.0.add(index).write(item) };
        }
        Ok(())
    }

    /// Whether only the size is asked for.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }
}

impl Buffer {
    /// Stores a text and its end.
    pub fn put(self, text: &str, length: c_uint) -> Outcome {
        if self.0.is_null() {
            return Err(Code::INVALID_ARGUMENT);
        }
        if text.len() >= length as usize {
            return Err(Code::INSUFFICIENT_SIZE);
        }
        // SAFETY: the caller of the C function promises room for `length` bytes, and the
        // text with its end is no longer.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr().cast(), self.0, text.len());
            self.0.add(text.len()).write(0);
        }
        Ok(())
    }
}

impl Text {
    /// What it says.
    pub fn get<'a>(self) -> Outcome<&'a str> {
        if self.0.is_null() {
            return Err(Code::INVALID_ARGUMENT);
        }
        // SAFETY: the caller of the C function promises a text that ends in zero and
        // outlives the call.
        let text = unsafe { CStr::from_ptr(self.0) };
        text.to_str().map_err(|_| Code::INVALID_ARGUMENT)
    }
}

/// A text in an array of a structure, cut where it must be.
pub fn array<const N: usize>(text: &str) -> [c_char; N] {
    let mut array = [0; N];
    for (to, from) in array[..N - 1].iter_mut().zip(text.bytes()) {
        *to = from.cast_signed() as c_char;
    }
    array
}

/// NVML's version field: size and number.
pub const fn version<T>(number: u32) -> c_uint {
    size_of::<T>() as c_uint | number << 24
}
