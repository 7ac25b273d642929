package translate

// Module is a script in C, ready for pass 4.
type Module struct {
	C             []byte // one file, to be compiled with the runtime's folder in its include path
	KernelHeaders bool   // a user's embedded C is in it, which may use any kernel header
}
