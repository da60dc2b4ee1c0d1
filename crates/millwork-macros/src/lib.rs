//! The attributes with which a pipeline declares its assets.
