// Package house puts our side of a benchmark up: fresh databases and folders, the reservation core on a real store in
// this process (L1), and the real binary as a process of its own (L2).
package house
