package translate

// Module is a script in C, ready for pass 4.
type Module struct {
	C             []byte // one file, to be compiled with the runtime's folder in its include path
	KernelHeaders bool   // a user's embedded C is in it, which may use any kernel header
	// Files are what the C takes in as it is: it finds them in the folder whose name
	// the macro STAP_FILES has, a string.
	Files []File
}

// File is data that is no text for a compiler.
type File struct {
	Name string
	Data []byte
}
