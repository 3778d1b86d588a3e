// Package reservationtest is the definition of reservation.Store: what passes RunStore and RunShared is one.
package reservationtest

import (
	"testing"

	"holdfast/reservation"
)

// RunStore checks one engine. open gives a store on a fresh, empty database and closes it when the test ends.
func RunStore(t *testing.T, open func(t *testing.T) reservation.Store) {
	for name, check := range map[string]func(*testing.T, reservation.Store){
		"RoundTrip":            testRoundTrip,
		"ManyAtOnce":           testManyAtOnce,
		"SetReservation":       testSetReservation,
		"NothingThereYet":      testNothingThereYet,
		"PoolsAndSlots":        testPoolsAndSlots,
		"Keys":                 testKeys,
		"KeysOfRefusals":       testKeysOfRefusals,
		"DecideErrorIsAtomic":  testDecideError,
		"PanicIsAtomic":        testPanic,
		"CanceledIsAtomic":     testCanceled,
		"FailedWriteIsAtomic":  testFailedWrite,
		"GuardLimit":           testGuardLimit,
		"GuardVersions":        testGuardVersions,
		"GuardMissingRows":     testGuardMissingRows,
		"LoadsSlotsOfClaims":   testLoadsSlotsOfClaims,
		"Due":                  testDue,
		"DueInBatch":           testDueInBatch,
		"LocatorCollision":     testLocatorCollision,
		"FreeLocators":         testFreeLocators,
		"TakenName":            testTakenName,
		"Find":                 testFind,
		"FindBySupplier":       testFindBySupplier,
		"Events":               testEvents,
		"Snapshot":             testSnapshot,
		"Committed":            testCommitted,
		"Secret":               testSecret,
		"Prune":                testPrune,
		"Revocations":          testRevocations,
		"AuditPools":           testAuditPools,
		"AuditReservations":    testAuditReservations,
		"AuditStreams":         testAuditStreams,
		"NowOfTheStore":        testNow,
		"EmptyBatch":           testEmptyBatch,
		"SnapshotWhileWriting": testSnapshotWhileWriting,
		"Layouts":              testLayouts,
		"Units":                testUnits,
		"UnitsOfClaims":        testUnitsOfClaims,
		"GuardUnits":           testGuardUnits,
		"Rides":                testRides,
		"Amended":              testAmended,
		"SetClaims":            testSetClaims,
		"FactsOfSeats":         testFactsOfSeats,
		"ArchiveOfSeats":       testArchiveOfSeats,
		"SlotsOf":              testSlotsOf,
		"Claimants":            testClaimants,
		"AuditUnits":           testAuditUnits,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

// Shared is two stores on one database, as two processes have them.
type Shared struct {
	A, B   reservation.Store
	Rounds int // of the races; a few thousand unless the engine is not meant for several processes
	// Deadlocks tells how many transactions of both stores the engine has broken off because they waited for each other.
	Deadlocks func() int64
}

// RunShared checks what must hold between two processes on one database.
func RunShared(t *testing.T, open func(t *testing.T) Shared) {
	for name, check := range map[string]func(*testing.T, Shared){
		"CrossedRows":            testCrossedRows,
		"CountsFromZero":         testCountsFromZero,
		"SameKey":                testSameKey,
		"SameID":                 testSameID,
		"CommittedWaits":         testCommittedWaits,
		"EventsOfTwoWriters":     testEventsOfTwoWriters,
		"SecretRace":             testSecretRace,
		"DueSkipsWhatIsHeld":     testDueSkips,
		"NewPoolsOfTwoProcesses": testNewPoolsOfTwo,
		"BlockOfTwoWriters":      testBlockOfTwo,
		"FirstUnitsOfABlock":     testFirstUnits,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}
