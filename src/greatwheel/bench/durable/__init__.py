"""What durability costs, side by side with LangGraph and DBOS on the same Postgres."""
