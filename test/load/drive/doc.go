// Package drive sends requests to whoever sells and measures the answers: in a closed loop (so many clients, each asks
// again as soon as it is answered) for throughput, and in an open loop (arrivals at a fixed rate, whatever the answers
// do) for latency. Latency in the open loop counts from the instant a request was meant to arrive, so that a stall is
// seen by everybody who had to wait for it.
package drive
