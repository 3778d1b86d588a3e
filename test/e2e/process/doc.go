// Package process runs the real binary for tests and measurements: it builds it, starts servers on free ports, tells
// where they listen, keeps the end of what they say, and ends them by their process id, in good order or with SIGKILL.
//
// A server started here does not outlive the program that started it: on Linux the kernel ends it with its parent.
package process
