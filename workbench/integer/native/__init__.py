"""The native engine: C for this processor, built at first use."""
