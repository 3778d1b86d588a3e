// Package sqlite proves what the embedded engine does when the machine lets it down: no room, no right to write, a
// second process, a torn WAL, a damaged file. The real binary runs on real files.
package sqlite
