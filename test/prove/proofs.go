package main

// proofs are listed in the order of docs/proofs.md.
var proofs = []proof{
	{name: "model", what: "random commands get the answers, and leave the stock, that a simple map model says", test: "^TestModel", packages: []string{"./test/sim/model"}, runs: 10_000_000, unit: "commands"},
	{name: "sim", what: "desk, store and payment under faults and crashes keep every promise; one seed is one run", test: "^TestSim$", packages: []string{"./test/sim"}, runs: 20_000, unit: "seeds"},
	{name: "race", what: "nobody gets the last unit twice, whichever way it is sold; the red versions are caught", test: "^Test(Race|SeatRace|Red)", packages: []string{"./test/prove/race"}, runs: 500, unit: "rounds a shape"},
	{name: "fair", what: "under a rush requests for a pool are served in the order in which they entered the desk, seat by seat", test: "^TestFairUnderRush$", packages: []string{"./test/prove/race"}, runs: 50, unit: "rushes"},
	{name: "locks", what: "crossed pools and keys from two processes never wait in a circle; poison stands alone", test: "^Test(Locks|RedReversed)$", packages: []string{"./test/prove/locks"}, runs: 100_000, unit: "commands a shape"},
	{name: "linear", what: "what clients see of a pool is one sequence of whole calls (Porcupine)", test: "^Test", packages: []string{"./test/prove/linear"}, runs: 200, unit: "histories a shape"},
	{name: "kill", what: "SIGKILL and SIGTERM under load lose nothing that was acknowledged", test: "^Test(Kill|Terminate|KillSeats)$", packages: []string{"./test/e2e", "./test/prove/race"}, runs: 20, unit: "rounds a shape"},
	{name: "view", what: "a search view started under full load equals the tables once quiet", test: "^TestView$", packages: []string{"./test/prove/view"}, runs: 50, unit: "rounds a shape"},
	{name: "fuzz", what: "no input crashes a decoder or is read two ways", fuzz: true, runs: 20, unit: "seconds a target"},
	{name: "postgres", what: "connections cut, backends ended, PostgreSQL restarted, killed and replaced by its standby: nothing acknowledged is lost", test: "^Test", packages: []string{"./test/prove/postgres"}, runs: 10, unit: "seeds, failovers"},
	{name: "sqlite", what: "no room, no right to write, a second process, a torn WAL, a damaged file", test: "^Test", packages: []string{"./test/prove/sqlite"}, runs: 500, unit: "damaged WALs"},
	{name: "backup", what: "a data folder copied under load and brought back is a state from which everything resumes", test: "^Test", packages: []string{"./test/prove/backup"}, runs: 25, unit: "backups"},
	{name: "feeds", what: "deliveries of partners in any order, late and repeated, by two processes, end in one state", test: "^TestService$/any_order", packages: []string{"./feed/intake/sqlite", "./feed/intake/postgres"}, runs: 2000, unit: "orders of arrival a suite"},
	{name: "updates", what: "updates of trains and flights in any order, late and repeated, by two senders, leave what the newest word says", test: "^TestUpdatesInAnyOrder$", packages: []string{"./internal/app"}, runs: 2000, unit: "orders of arrival a format and engine"},
	{name: "connections", what: "a search of flights finds exactly what enumerating all connections finds", test: "^TestSearchUnitedStates$", packages: []string{"./flight/itinerary"}, runs: 200, unit: "pairs of airports a network"},
	{name: "timetable", what: "journeys of trains are those that Dijkstra, and a look at every ride, find; changed timetables too", test: "^Test(Germany|Searches|Changes)", packages: []string{"./rail/timetable"}, runs: 20_000, unit: "queries, networks"},
}
