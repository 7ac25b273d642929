package translate

// WriteRegex is for tests.
var WriteRegex = writeRegex
