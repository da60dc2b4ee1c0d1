//! The calls of XGBoost's C interface, as safe functions.
//!
//! All of the crate's `unsafe` is here, so that it can be read in one sitting; what the calls are good for is the
//! business of the files above. The functions copy whatever they return: the library's answers live only until the
//! same thread calls it again.

#![expect(unsafe_code, reason = "XGBoost's library is called through its C interface")]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value;

use crate::boost::native::array::{Array, Elements};
use crate::boost::native::error::NativeError;
use crate::boost::native::message;
use crate::boost::native::search::{self, Environment};
use crate::features::Features;

/// A matrix or a booster, as the library names it.
type Raw = *mut c_void;

/// Declares the functions of the interface that return a status, and finds them in a library.
macro_rules! functions {
    ($($name:ident($($argument:ty),*);)*) => {
        #[allow(non_snake_case, reason = "the functions are called as in C")]
        struct Functions { $($name: unsafe extern "C" fn($($argument),*) -> c_int,)* }

        impl Functions {
            /// # Safety
            ///
            /// `library` must be XGBoost's.
            unsafe fn find(library: &libloading::Library) -> Result<Self, &'static str> {
                // SAFETY: XGBoost's functions of these names have these signatures since version 2.0 (`c_api.h`).
                Ok(Self { $($name: unsafe { find(library, stringify!($name)) }?,)* })
            }
        }
    };
}

functions! {
    XGBuildInfo(*mut *const c_char);
    XGBRegisterLogCallback(extern "C" fn(*const c_char));
    XGDMatrixCreateFromCSR(*const c_char, *const c_char, *const c_char, u64, *const c_char, *mut Raw);
    XGDMatrixFree(Raw);
    XGDMatrixSetInfoFromInterface(Raw, *const c_char, *const c_char);
    XGDMatrixSetStrFeatureInfo(Raw, *const c_char, *mut *const c_char, u64);
    XGBoosterCreate(*const Raw, u64, *mut Raw);
    XGBoosterFree(Raw);
    XGBoosterSetParam(Raw, *const c_char, *const c_char);
    XGBoosterUpdateOneIter(Raw, c_int, Raw);
    XGBoosterEvalOneIter(Raw, c_int, *const Raw, *const *const c_char, u64, *mut *const c_char);
    XGBoosterPredictFromDMatrix(Raw, Raw, *const c_char, *mut *const u64, *mut u64, *mut *const f32);
    XGBoosterSaveModelToBuffer(Raw, *const c_char, *mut u64, *mut *const c_char);
    XGBoosterLoadModelFromBuffer(Raw, *const c_void, u64);
    XGBoosterSaveJsonConfig(Raw, *mut u64, *mut *const c_char);
}

/// Trains a round on given derivatives: since 2.1 from arrays of any layout, before from flat ones.
enum TrainOneRound {
    Arrays(unsafe extern "C" fn(Raw, Raw, c_int, *const c_char, *const c_char) -> c_int),
    Flat(unsafe extern "C" fn(Raw, Raw, *mut f32, *mut f32, u64) -> c_int),
}

/// # Safety
///
/// The function of that name must have the type `F`.
unsafe fn find<F: Copy>(library: &libloading::Library, name: &'static str) -> Result<F, &'static str> {
    // SAFETY: the caller vouches for the type.
    unsafe { library.get::<F>(name) }.map(|function| *function).map_err(|_| name)
}

/// XGBoost's library, open for the rest of the process.
pub(in crate::boost) struct Library {
    path: PathBuf,
    version: (i32, i32, i32),
    build: Value,
    functions: Functions,
    train_one_round: TrainOneRound,
    last_error: unsafe extern "C" fn() -> *const c_char,
    /// Keeps the functions where they are.
    _open: libloading::Library,
}

static LIBRARY: OnceLock<Library> = OnceLock::new();
static OPENING: Mutex<()> = Mutex::new(());

impl Library {
    /// The library of this process. It is searched and opened at the first call and kept; a failure is not kept, so that
    /// a library that is installed meanwhile is found by the next call.
    ///
    /// # Errors
    ///
    /// When no library is found, `MILLWORK_XGBOOST_LIB` names a file that isn't the library, or the library is too old.
    pub(in crate::boost) fn get() -> Result<&'static Self, NativeError> {
        let _opening = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        match LIBRARY.get() {
            Some(library) => Ok(library),
            None => Ok(LIBRARY.get_or_init({
                let library = Self::search(&|name| std::env::var_os(name))?;
                || library
            })),
        }
    }

    /// The file that the environment names, or else the first that opens of those that are found.
    pub(super) fn search(environment: Environment<'_>) -> Result<Self, NativeError> {
        if let Some(file) = search::named(environment) {
            return Self::open(&file);
        }
        let mut places = Vec::new();
        for place in search::places(environment) {
            let mut described = place.description;
            for file in place.files {
                match Self::open(&file) {
                    Ok(library) => return Ok(library),
                    // The loader's own search reports only that it found no library.
                    Err(NativeError::Open { .. }) if file.is_relative() => {}
                    Err(error) => described += &format!(" ({error})"),
                }
            }
            places.push(described);
        }
        Err(NativeError::NotFound { places })
    }

    /// Opens a file, or what the system's loader finds by a bare name.
    pub(super) fn open(file: &Path) -> Result<Self, NativeError> {
        let path = file.to_path_buf();
        // SAFETY: opening runs the library's initialisers. XGBoost's are sound; that a file by its name, where a package
        // manager or the user put it, is not malicious has to be taken on trust, as for any program.
        let open = unsafe { libloading::Library::new(file) }
            .map_err(|error| NativeError::Open { path: path.clone(), reason: error.to_string() })?;
        let other = |function| NativeError::OtherLibrary { path: path.clone(), function };
        let version = version(&open).map_err(other)?;
        if version < (2, 0, 0) {
            return Err(NativeError::TooOld { path, version });
        }
        // SAFETY: only XGBoost has a function `XGBoostVersion`.
        let functions = unsafe { Functions::find(&open) }.map_err(other)?;
        // SAFETY: as in `c_api.h`, where `XGBGetLastError` has no argument and returns a string.
        let last_error = unsafe { find(&open, "XGBGetLastError") }.map_err(other)?;
        // SAFETY: as in `c_api.h`.
        let train_one_round = unsafe { find(&open, "XGBoosterTrainOneIter") }
            .map(TrainOneRound::Arrays)
            // SAFETY: as in `c_api.h`.
            .or_else(|_| unsafe { find(&open, "XGBoosterBoostOneIter") }.map(TrainOneRound::Flat))
            .map_err(other)?;
        let build = Value::Null;
        let mut library = Self { path, version, build, functions, train_one_round, last_error, _open: open };
        library.build = library.build_info()?;
        Ok(library)
    }

    pub(in crate::boost) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the library can train on NVIDIA's graphics processors.
    pub(in crate::boost) fn has_cuda(&self) -> bool {
        self.build["USE_CUDA"] == Value::Bool(true)
    }

    fn build_info(&self) -> Result<Value, NativeError> {
        let mut info = ptr::null();
        self.call("ask how XGBoost was built", |functions| {
            // SAFETY: the library writes a pointer to a string.
            unsafe { (functions.XGBuildInfo)(&raw mut info) }
        })?;
        // SAFETY: the string was just returned.
        let info = unsafe { text(info) };
        serde_json::from_str(&info)
            .map_err(|_| NativeError::Answer { action: "ask how XGBoost was built", answer: info })
    }

    /// Makes a call with this thread's log set up, and its status an error.
    fn call(&self, action: &'static str, call: impl FnOnce(&Functions) -> c_int) -> Result<(), NativeError> {
        thread_local!(static LOGS: Cell<bool> = const { Cell::new(false) });
        if !LOGS.replace(true) {
            // SAFETY: the callback is a function of this program, which never goes away. Before 3.1 each thread has a
            // callback of its own, and a thread without one writes to the standard error.
            unsafe { (self.functions.XGBRegisterLogCallback)(on_log) };
        }
        if call(&self.functions) == 0 {
            return Ok(());
        }
        // SAFETY: the last error of this thread is a string, empty if there was none.
        let error = unsafe { text((self.last_error)()) };
        Err(NativeError::Refused { action, message: message::essence(&error) })
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library")
            .field("path", &self.path)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

fn version(open: &libloading::Library) -> Result<(i32, i32, i32), &'static str> {
    type Version = unsafe extern "C" fn(*mut c_int, *mut c_int, *mut c_int);
    // SAFETY: a function of this name is XGBoost's, and has this signature in every version.
    let version: Version = unsafe { find(open, "XGBoostVersion") }?;
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the library writes three integers.
    unsafe { version(&raw mut major, &raw mut minor, &raw mut patch) };
    Ok((major, minor, patch))
}

/// Receives the library's log. A subscriber of `tracing` might panic, and a panic must not run through C.
extern "C" fn on_log(text: *const c_char) {
    let _ = std::panic::catch_unwind(|| {
        // SAFETY: the library passes a string that lives during the call.
        message::log(&unsafe { self::text(text) });
    });
}

/// A copy of a string of the library.
///
/// # Safety
///
/// `text` must be null or point to a string that ends with a zero.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller vouches for the string.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A copy of an array of the library.
///
/// # Safety
///
/// `elements` must point to `length` elements, or `length` be 0.
unsafe fn copied<T: Copy>(elements: *const T, length: u64) -> Vec<T> {
    if length == 0 || elements.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller vouches for the array.
    unsafe { std::slice::from_raw_parts(elements, length as usize) }.to_vec()
}

/// A matrix in the library's memory.
pub(super) struct MatrixHandle {
    raw: NonNull<c_void>,
    library: &'static Library,
}

// SAFETY: nothing in a matrix belongs to the thread that made it. It is not `Sync`, because the library adds pages to a
// matrix when they are first asked for.
unsafe impl Send for MatrixHandle {}

impl MatrixHandle {
    /// Copies compressed rows.
    pub(super) fn create(
        library: &'static Library,
        features: &Features,
        config: &CStr,
    ) -> Result<Self, NativeError> {
        let elements = [
            Elements::Usize(features.row_offsets()),
            Elements::U32(features.indices()),
            Elements::F64(features.values()),
        ];
        let [offsets, indices, values] = elements.map(Array::vector);
        let mut raw = ptr::null_mut();
        library.call("make a matrix", |functions| {
            // SAFETY: the three arrays outlive the call and are consistent, as `Features` vouches; the library copies
            // them.
            unsafe {
                (functions.XGDMatrixCreateFromCSR)(
                    offsets.interface().as_ptr(),
                    indices.interface().as_ptr(),
                    values.interface().as_ptr(),
                    features.columns() as u64,
                    config.as_ptr(),
                    &raw mut raw,
                )
            }
        })?;
        Ok(Self { raw: handle(raw, "make a matrix")?, library })
    }

    pub(super) fn set(&mut self, field: &CStr, array: &Array<'_>) -> Result<(), NativeError> {
        self.library.call("describe the rows of a matrix", |functions| {
            // SAFETY: the handle is alive and the array outlives the call; the library copies it.
            unsafe {
                (functions.XGDMatrixSetInfoFromInterface)(
                    self.raw.as_ptr(),
                    field.as_ptr(),
                    array.interface().as_ptr(),
                )
            }
        })
    }

    /// Sets a text for each column.
    pub(super) fn set_columns(&mut self, field: &CStr, texts: &[CString]) -> Result<(), NativeError> {
        let mut texts: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
        self.library.call("describe the columns of a matrix", |functions| {
            // SAFETY: the handle is alive, and the texts outlive the call; the library copies them.
            unsafe {
                (functions.XGDMatrixSetStrFeatureInfo)(
                    self.raw.as_ptr(),
                    field.as_ptr(),
                    texts.as_mut_ptr(),
                    texts.len() as u64,
                )
            }
        })
    }
}

impl Drop for MatrixHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is alive, and isn't used afterwards. Boosters share the matrix itself.
        unsafe { (self.library.functions.XGDMatrixFree)(self.raw.as_ptr()) };
    }
}

/// A booster in the library's memory.
pub(super) struct BoosterHandle {
    raw: NonNull<c_void>,
    library: &'static Library,
}

// SAFETY: nothing in a booster belongs to the thread that made it but buffers for answers, which the library looks up by
// thread.
unsafe impl Send for BoosterHandle {}

impl BoosterHandle {
    pub(super) fn create(library: &'static Library, cached: &[&MatrixHandle]) -> Result<Self, NativeError> {
        let cached: Vec<_> = cached.iter().map(|matrix| matrix.raw.as_ptr()).collect();
        let mut raw = ptr::null_mut();
        library.call("make a booster", |functions| {
            // SAFETY: the matrices are alive; the booster shares them.
            unsafe { (functions.XGBoosterCreate)(cached.as_ptr(), cached.len() as u64, &raw mut raw) }
        })?;
        Ok(Self { raw: handle(raw, "make a booster")?, library })
    }

    pub(super) fn set_parameter(&mut self, name: &CStr, value: &CStr) -> Result<(), NativeError> {
        self.library.call("set a parameter", |functions| {
            // SAFETY: the handle is alive; the library copies the strings.
            unsafe { (functions.XGBoosterSetParam)(self.raw.as_ptr(), name.as_ptr(), value.as_ptr()) }
        })
    }

    pub(super) fn update(&mut self, round: c_int, matrix: &MatrixHandle) -> Result<(), NativeError> {
        self.library.call("train a round", |functions| {
            // SAFETY: both handles are alive, and the booster isn't shared.
            unsafe { (functions.XGBoosterUpdateOneIter)(self.raw.as_ptr(), round, matrix.raw.as_ptr()) }
        })
    }

    /// Trains a round on the derivatives of a loss (rows × outputs).
    pub(super) fn boost(
        &mut self,
        round: c_int,
        matrix: &MatrixHandle,
        outputs: usize,
        (gradient, hessian): (&[f32], &[f32]),
    ) -> Result<(), NativeError> {
        let raw = (self.raw.as_ptr(), matrix.raw.as_ptr());
        self.library.call("train a round", |_| match self.library.train_one_round {
            TrainOneRound::Arrays(train) => {
                let table = |values| Array::table(Elements::F32(values), outputs);
                let (gradient, hessian) = (table(gradient), table(hessian));
                // SAFETY: both handles are alive, the booster isn't shared, and the arrays outlive the call.
                unsafe {
                    train(raw.0, raw.1, round, gradient.interface().as_ptr(), hessian.interface().as_ptr())
                }
            }
            TrainOneRound::Flat(train) => {
                let (mut gradient, mut hessian) = (gradient.to_vec(), hessian.to_vec());
                let length = gradient.len().min(hessian.len()) as u64;
                // SAFETY: as above; both arrays have `length` elements.
                unsafe { train(raw.0, raw.1, gradient.as_mut_ptr(), hessian.as_mut_ptr(), length) }
            }
        })
    }

    /// The line of scores of a round on each matrix, which is called by its name.
    pub(super) fn evaluate(
        &mut self,
        round: c_int,
        sets: &[(&MatrixHandle, CString)],
    ) -> Result<String, NativeError> {
        let matrices: Vec<_> = sets.iter().map(|(matrix, _)| matrix.raw.as_ptr()).collect();
        let names: Vec<_> = sets.iter().map(|(_, name)| name.as_ptr()).collect();
        let mut line = ptr::null();
        self.library.call("evaluate a round", |functions| {
            // SAFETY: the handles are alive, the booster isn't shared, and there are as many names as matrices.
            unsafe {
                (functions.XGBoosterEvalOneIter)(
                    self.raw.as_ptr(),
                    round,
                    matrices.as_ptr(),
                    names.as_ptr(),
                    sets.len() as u64,
                    &raw mut line,
                )
            }
        })?;
        // SAFETY: the string was just returned.
        Ok(unsafe { text(line) })
    }

    /// What the model answers on a matrix, row after row.
    pub(super) fn predict(&self, matrix: &MatrixHandle, config: &CStr) -> Result<Vec<f32>, NativeError> {
        let (mut shape, mut dimensions, mut values) = (ptr::null(), 0, ptr::null());
        self.library.call("predict", |functions| {
            // SAFETY: both handles are alive, and the library writes where an array and its shape begin.
            unsafe {
                (functions.XGBoosterPredictFromDMatrix)(
                    self.raw.as_ptr(),
                    matrix.raw.as_ptr(),
                    config.as_ptr(),
                    &raw mut shape,
                    &raw mut dimensions,
                    &raw mut values,
                )
            }
        })?;
        // SAFETY: the library returned where the shape begins, and its length.
        let shape = unsafe { copied(shape, dimensions) };
        // SAFETY: the library checks that the array has as many elements as its shape has.
        Ok(unsafe { copied(values, shape.iter().product()) })
    }

    /// The model as XGBoost's JSON file.
    pub(super) fn save(&self) -> Result<Vec<u8>, NativeError> {
        let config = c"{\"format\":\"json\"}";
        self.bytes("save a model", |functions, length, bytes| {
            // SAFETY: the handle is alive, and the library writes where an array begins, and its length.
            unsafe {
                (functions.XGBoosterSaveModelToBuffer)(self.raw.as_ptr(), config.as_ptr(), length, bytes)
            }
        })
    }

    /// Loads a model. The library trusts what the numbers in it point to, and ends the process at an empty one.
    pub(super) fn load(&mut self, bytes: &[u8]) -> Result<(), NativeError> {
        self.library.call("load a model", |functions| {
            // SAFETY: the handle is alive, it isn't shared, and the library reads no byte past the last.
            unsafe {
                (functions.XGBoosterLoadModelFromBuffer)(
                    self.raw.as_ptr(),
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                )
            }
        })
    }

    pub(super) fn config(&self) -> Result<Vec<u8>, NativeError> {
        self.bytes("read the configuration", |functions, length, bytes| {
            // SAFETY: as for `save`.
            unsafe { (functions.XGBoosterSaveJsonConfig)(self.raw.as_ptr(), length, bytes) }
        })
    }

    /// A call that answers with bytes.
    fn bytes(
        &self,
        action: &'static str,
        call: impl FnOnce(&Functions, *mut u64, *mut *const c_char) -> c_int,
    ) -> Result<Vec<u8>, NativeError> {
        let (mut length, mut bytes) = (0, ptr::null());
        self.library.call(action, |functions| call(functions, &raw mut length, &raw mut bytes))?;
        // SAFETY: the library returned where the bytes begin, and their number.
        Ok(unsafe { copied(bytes.cast(), length) })
    }
}

impl Drop for BoosterHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is alive, and isn't used afterwards.
        unsafe { (self.library.functions.XGBoosterFree)(self.raw.as_ptr()) };
    }
}

fn handle(raw: Raw, action: &'static str) -> Result<NonNull<c_void>, NativeError> {
    NonNull::new(raw).ok_or_else(|| NativeError::Answer { action, answer: "no handle".to_owned() })
}
