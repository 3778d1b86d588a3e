// Package arch holds the import ladder of the house as a test: which package may import which, where drivers may
// appear, what a package may not be called, and who may start goroutines. rules.go is the place to register a new folder.
package arch
